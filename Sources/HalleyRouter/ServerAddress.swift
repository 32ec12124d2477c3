import NIOCore

/// Host and port at which the router reaches a worker: `10.0.0.7:9001`, `worker-1:9001`, `[::1]:9001`.
///
/// The text comes from the registry and ends up inside a runtime command, so the host is held to an allow-list: no white
/// space, semicolon or line end can ever stand in it.
public struct ServerAddress: Hashable, Sendable {
    /// An IPv4 or IPv6 address, or a name; without brackets.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// `nil` unless the text is `host:port` or `[ipv6]:port`.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        let name = text[..<colon]
        if name.hasPrefix("["), name.hasSuffix("]") {
            let inner = name.dropFirst().dropLast()
            guard Self.literal(inner)?.protocol == .inet6 else { return nil }
            self.init(host: String(inner), port: port)
        } else {
            guard (1...253).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            self.init(host: String(name), port: port)
        }
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The address in the spelling that the operating system (and therefore HAProxy) gives it; `nil` for a name.
    package var canonicalIP: String? { Self.literal(host)?.ipAddress }

    private static func literal(_ host: some StringProtocol) -> SocketAddress? {
        try? SocketAddress(ipAddress: String(host), port: 0)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// The form that ``init(_:)`` reads.
    public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
