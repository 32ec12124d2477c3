/// Where a router listens for runtime commands: `unix:///run/halley/haproxy.sock` or `tcp://router:9999`.
public enum RouterAddress: Hashable, Sendable {
    /// The path of a Unix socket.
    case unix(path: String)
    /// A TCP port. HAProxy asks no password there: it must be within reach of coordinators alone.
    case tcp(host: String, port: Int)

    /// - Throws: ``RouterAddressError`` saying which form was expected.
    public init(_ text: some StringProtocol) throws(RouterAddressError) {
        if text.hasPrefix("unix://") {
            let path = text.dropFirst("unix://".count)
            guard path.hasPrefix("/"), !path.utf8.contains(0) else { throw .noAbsolutePath(String(text)) }
            self = .unix(path: String(path))
        } else if text.hasPrefix("tcp://") {
            let rest = text.dropFirst("tcp://".count)
            guard let endpoint = ServerAddress(rest) else { throw .noHostAndPort(String(text)) }
            self = .tcp(host: endpoint.host, port: endpoint.port)
        } else {
            throw .unknownScheme(String(text))
        }
    }
}

extension RouterAddress: CustomStringConvertible {
    /// The form that ``init(_:)`` reads.
    public var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let host, let port): "tcp://\(ServerAddress(host: host, port: port))"
        }
    }
}

/// Why a text names no router.
public enum RouterAddressError: Error, Equatable, CustomStringConvertible {
    case unknownScheme(String)
    case noAbsolutePath(String)
    case noHostAndPort(String)

    /// What was given and what was expected.
    public var description: String {
        switch self {
        case .unknownScheme(let text): "'\(text)' names no router; expected unix:///PATH or tcp://HOST:PORT"
        case .noAbsolutePath(let text): "'\(text)' has no absolute path; expected unix:///PATH"
        case .noHostAndPort(let text): "'\(text)' has no host and port; expected tcp://HOST:PORT"
        }
    }
}
