/// A place to listen on or to connect to: `127.0.0.1:9001`, `[::1]:9001`, `worker-1:9001`.
public struct HostAndPort: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    public let host: String
    /// 0 to 65,535; 0 asks for any free port where one listens.
    public let port: Int

    /// The parts as given.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `nil` unless the text is `host:port`, an IPv6 address in brackets.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt64(decimal: text[text.index(after: colon)...]),
            port <= 65_535
        else { return nil }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else {
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0.isASCIIAlphanumeric || "-._:%".utf8.contains($0) }) else {
            return nil
        }
        self.init(host: String(host), port: Int(port))
    }

    /// With brackets where the host holds colons.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
