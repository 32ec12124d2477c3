/// A web origin (RFC 6454): scheme, host and port. Two are the same only when all three are; no prefix or suffix counts.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// In lower case.
    public let scheme: String
    /// In lower case, with brackets where it is an IPv6 address.
    public let host: String
    /// `nil` when it is the scheme's own.
    public let port: Int?

    /// The longest text, in bytes.
    package static let maximumLength = 300

    /// Reads `https://app.example:8443`; `nil` for anything with a path, user, query or a forbidden character, and for
    /// `null`, which is no origin but the lack of one.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let text = text.lowercased()
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon]
        guard scheme == "http" || scheme == "https", text[colon...].hasPrefix("://") else { return nil }
        self.init(scheme: String(scheme), authority: text[text.index(colon, offsetBy: 3)...])
    }

    /// - Parameter authority: `host[:port]`, in lower case.
    package init?(scheme: String, authority: some StringProtocol) {
        var host = String(authority)
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            host = String(authority[..<colon])
            let digits = authority[authority.index(after: colon)...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits), (1...65_535).contains(number)
            else { return nil }
            port = number
        }
        guard Self.isHost(host) else { return nil }
        self.init(scheme: scheme, host: host, port: port)
    }

    package init(scheme: String, host: String, port: Int?) {
        self.scheme = scheme
        self.host = host
        self.port = port == (scheme == "https" ? 443 : 80) ? nil : port
    }

    private static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.utf8.dropFirst().dropLast()
            return !inner.isEmpty
                && inner.allSatisfy { (0x30...0x3A).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2E }
        }
        return (1...253).contains(host.utf8.count)
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// As browsers write it.
    public var description: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// Whether the host can only be this machine, whatever a name server says. A page of any other name may have been
    /// pointed at this machine by its owner ("DNS rebinding").
    package var isLoopback: Bool { ["localhost", "127.0.0.1", "[::1]"].contains(host) }

    /// Whether browsers take the host for this machine: names under `.localhost` too (RFC 6761, section 6.3).
    package var isLocal: Bool { isLoopback || host.hasSuffix(".localhost") }
}
