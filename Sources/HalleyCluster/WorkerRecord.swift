import HalleyCore

/// What a worker tells about itself in the registry, under a lease that it renews with every heartbeat.
public struct WorkerRecord: Hashable, Sendable {
    /// Whether the worker takes shards.
    public enum State: String, Hashable, Sendable {
        /// It takes shards and connections.
        case ready
        /// It is leaving: it keeps the connections that it has for a while, and gets no shards.
        case draining
    }

    /// The longest version text, in bytes: it is shown, never interpreted.
    public static let maximumVersionLength = 64

    /// Its name, which the record's key ends with.
    public let id: WorkerID
    /// Where the router reaches it.
    public let address: WorkerAddress
    /// How many client connections it holds.
    public let connections: Int
    /// Whether it takes shards.
    public let state: State
    /// Of Halley: `0.1.0`.
    public let version: String
    /// Tells apart two starts of one worker.
    public let incarnation: Incarnation

    /// Makes a record as it will be written.
    public init(
        id: WorkerID, address: WorkerAddress, connections: Int, state: State, version: String, incarnation: Incarnation
    ) {
        self.id = id
        self.address = address
        self.connections = connections
        self.state = state
        self.version = version
        self.incarnation = incarnation
    }

    /// The fields of the hash `NAME/workers/<id>`.
    package var fields: [(name: String, value: String)] {
        [
            ("address", address.description), ("connections", String(connections)), ("state", state.rawValue),
            ("version", version), ("incarnation", incarnation.description),
        ]
    }

    /// Reads the fields of the hash `NAME/workers/<id>`.
    ///
    /// - Throws: ``WorkerRecordError`` naming the field that can't be read: a record comes from another process, maybe
    ///   of another version.
    package init(id: WorkerID, fields: [String: String]) throws(WorkerRecordError) {
        guard let address = fields["address"].flatMap({ WorkerAddress($0) }) else { throw .field("address") }
        guard let connections = fields["connections"].flatMap({ Int($0) }), connections >= 0 else {
            throw .field("connections")
        }
        guard let state = fields["state"].flatMap({ State(rawValue: $0) }) else { throw .field("state") }
        guard let version = fields["version"], version.utf8.count <= Self.maximumVersionLength else {
            throw .field("version")
        }
        guard let incarnation = fields["incarnation"].flatMap({ Incarnation($0) }) else { throw .field("incarnation") }
        self.init(
            id: id, address: address, connections: connections, state: state, version: version, incarnation: incarnation
        )
    }
}

/// Why a worker's record in the registry can't be used.
public enum WorkerRecordError: Error, Equatable, CustomStringConvertible {
    /// The field that is absent or not of its form.
    case field(String)

    /// Says which field, and whose fault it may be.
    public var description: String {
        switch self {
        case .field(let name):
            "the field '\(name)' of a worker's record is absent or malformed; the worker that writes it may be of another version"
        }
    }
}

/// An IPv4 address or a hostname, and a port: `127.0.0.1:9001`, `worker-1.internal:9001`, `[::1]:9001`.
public struct WorkerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// `nil` unless the host is 1 to 253 bytes of `A-Z a-z 0-9 . - _` (or colons, in brackets) and the port is one.
    /// The characters are few on purpose: the text becomes part of a command of the router's runtime API.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits)
        else { return nil }
        var host = String(text[..<colon])
        let isBracketed = host.first == "[" && host.last == "]"
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        self.init(host: host, port: port)
        guard host.contains(":") == isBracketed else { return nil }
    }

    /// `nil` under the same rules.
    public init?(host: String, port: Int) {
        guard (1...253).contains(host.utf8.count), (1...65_535).contains(port),
            host.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self.host = host
        self.port = port
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }

    /// With brackets where the host holds colons.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
