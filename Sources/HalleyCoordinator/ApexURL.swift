import HalleyCore

/// The URL under which users reach the cluster: `http://push.localhost:8080`. Shards are hostnames below its host.
public struct ApexURL: Hashable, Sendable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// The domain: lower case, without a port.
    public let host: String
    /// `nil` when it is the scheme's own.
    public let port: Int?

    /// `http://push.localhost:8080`, for a cluster on this machine.
    public static let standard = ApexURL(scheme: "http", host: "push.localhost", port: 8_080)

    /// `nil` unless the text is `http[s]://host[:port]`, with at most a `/` behind.
    public init?(_ text: some StringProtocol) {
        var rest = text.lowercased()[...]
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let origin = Origin(rest), origin.scheme == "http" || origin.scheme == "https",
            !origin.host.hasPrefix("["), !origin.host.hasPrefix("."), !origin.host.hasSuffix(".")
        else { return nil }
        self.init(scheme: origin.scheme, host: origin.host, port: origin.port)
    }

    private init(scheme: String, host: String, port: Int?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    private var suffix: String { port.map { ":\($0)" } ?? "" }

    /// Without a slash at the end.
    public var description: String { "\(scheme)://\(host)\(suffix)" }

    /// As browsers name pages of the apex.
    package var origin: Origin { Origin(scheme: scheme, host: host, port: port) }

    /// Where a session's events are: `http://s17-c.push.localhost:8080/events`.
    package func events(_ label: ShardLabel) -> String { "\(scheme)://\(label).\(host)\(suffix)/events" }

    /// All shards' hostnames as a source of a Content-Security-Policy (CSP Level 3, section 2.3.1).
    package var shardSource: String { "\(scheme)://*.\(host)\(suffix)" }

    /// The same for WebSockets, which `http:` doesn't cover.
    package var socketSource: String { "\(scheme == "https" ? "wss" : "ws")://*.\(host)\(suffix)" }
}
