/// Where a Redis server listens, as whom to speak to it, and which of its databases to use.
///
/// Written as a URL:
/// ```
/// redis://[[user]:password@]host[:port][/database]
/// unix://[[user]:password@]/path/of/socket[?db=database]
/// ```
/// User, password and path are percent-decoded (RFC 3986, section 2.1), so that a password may hold `@`, `:` and `/`.
public struct RedisEndpoint: Hashable, Sendable {
    /// The two kinds of socket that a server listens on.
    public enum Address: Hashable, Sendable {
        /// A host's name or IP address, without brackets, and a port.
        case tcp(host: String, port: Int)
        /// The path of a Unix domain socket.
        case unix(path: String)
    }

    /// What `AUTH` is sent with.
    public struct Credentials: Hashable, Sendable {
        /// A user of Redis' access control list; `nil` means its default user.
        public let user: String?
        /// The secret itself, decoded.
        public let password: String

        /// A user's credentials; without a user, those of Redis' default user (`requirepass`).
        public init(user: String? = nil, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// The port that Redis listens on unless told otherwise.
    public static let standardPort = 6379

    /// Where to connect.
    public let address: Address
    /// Sent before anything else; `nil` sends no `AUTH`.
    public let credentials: Credentials?
    /// The database's number; 0 sends no `SELECT`.
    public let database: Int

    /// An endpoint from its parts.
    public init(address: Address, credentials: Credentials? = nil, database: Int = 0) {
        self.address = address
        self.credentials = credentials
        self.database = database
    }

    /// Reads a URL.
    /// - Throws: ``RedisEndpointError`` saying which part is wrong.
    public init(_ url: some StringProtocol) throws(RedisEndpointError) {
        let text = Substring(url)
        if text.hasPrefix("redis://") {
            try self.init(tcp: text.dropFirst("redis://".count))
        } else if text.hasPrefix("unix://") {
            try self.init(unix: text.dropFirst("unix://".count))
        } else {
            throw text.hasPrefix("rediss://") ? .encryption : .scheme
        }
    }

    private init(tcp rest: Substring) throws(RedisEndpointError) {
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { throw .database }
        let (credentials, place) = try Self.splitCredentials(rest)
        let parts = place.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let (host, port) = try Self.splitPort(parts[0])
        var database = 0
        if parts.count == 2, !parts[1].isEmpty { database = try Self.number(ofDatabase: parts[1]) }
        self.init(address: .tcp(host: host, port: port), credentials: credentials, database: database)
    }

    private init(unix rest: Substring) throws(RedisEndpointError) {
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let (credentials, encodedPath) = try Self.splitCredentials(parts[0])
        guard encodedPath.first == "/", let path = percentDecoded(encodedPath), path.utf8.count > 1,
            !path.utf8.contains(0)
        else { throw .path }
        var database = 0
        if parts.count == 2 {
            guard parts[1].hasPrefix("db=") else { throw .database }
            database = try Self.number(ofDatabase: parts[1].dropFirst("db=".count))
        }
        self.init(address: .unix(path: path), credentials: credentials, database: database)
    }

    /// The last `@` ends the credentials: people forget to encode one in a password, and no host can hold it.
    private static func splitCredentials(
        _ text: Substring
    ) throws(RedisEndpointError) -> (Credentials?, Substring) {
        guard let at = text.lastIndex(of: "@") else { return (nil, text) }
        let place = text[text.index(after: at)...]
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = percentDecoded(parts[0]), let password = percentDecoded(parts[1]),
            !password.isEmpty
        else { throw .credentials }
        return (Credentials(user: user.isEmpty ? nil : user, password: password), place)
    }

    private static func splitPort(_ authority: Substring) throws(RedisEndpointError) -> (String, Int) {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            // An IPv6 address is full of colons, and stands in brackets (RFC 3986, section 3.2.2).
            guard let end = authority.firstIndex(of: "]") else { throw .host }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw .host }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { throw .host }
        guard let port else { return (String(host), standardPort) }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
            (1...65_535).contains(number)
        else { throw .port }
        return (String(host), number)
    }

    private static func number(ofDatabase text: Substring) throws(RedisEndpointError) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(text) else { throw .database }
        return Int(number)
    }
}

extension RedisEndpoint: CustomStringConvertible {
    /// The URL without the password, for logs.
    public var description: String {
        let user = credentials.map { "\($0.user ?? "default")@" } ?? ""
        switch address {
        case .tcp(let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            return "redis://\(user)\(name):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)?db=\(database)"
        }
    }
}

/// Why a text is no Redis URL. The texts never echo it: it may hold a password.
public enum RedisEndpointError: Error, Equatable, CustomStringConvertible {
    case scheme
    /// `rediss://` was asked for.
    case encryption
    case credentials
    case host
    case port
    case path
    case database

    /// What is wrong and what to write instead, in one line.
    public var description: String {
        switch self {
        case .scheme: "a Redis URL begins with redis:// or unix://, as in redis://127.0.0.1:6379"
        case .encryption: "rediss:// (TLS) isn't supported; use redis:// over a trusted network, or a TLS tunnel"
        case .credentials: "a Redis URL's credentials are [user]:password@, both percent-encoded"
        case .host: "a Redis URL needs a host after redis://, an IPv6 address in brackets"
        case .port: "a Redis URL's port is a number from 1 to 65535"
        case .path: "a unix:// URL needs the absolute path of a socket, as in unix:///run/redis/redis.sock"
        case .database: "a Redis URL's database is a number: redis://host/2 or unix:///path?db=2"
        }
    }
}

/// `nil` when a `%` isn't followed by two hexadecimal digits, or when the bytes are no UTF-8.
private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalValue), let low = rest.popFirst().flatMap(hexadecimalValue)
        else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
