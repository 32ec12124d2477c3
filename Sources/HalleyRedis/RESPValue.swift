/// One value of Redis' serialisation protocol, version 2 (https://redis.io/docs/latest/develop/reference/protocol-spec/).
public enum RESPValue: Hashable, Sendable {
    /// A short text such as `OK` or `PONG`.
    case status(String)
    case error(RedisErrorReply)
    case integer(Int64)
    /// A bulk string: any bytes.
    case bytes([UInt8])
    /// A bulk string or an array that isn't there.
    case null
    case array([RESPValue])
}

extension RESPValue {
    /// The bytes of a bulk string or a status.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The text of a bulk string or a status; `nil` when it isn't UTF-8.
    public var string: String? {
        switch self {
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// An integer, or a bulk string that spells one, as hashes and scripts return them.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes: string.flatMap { Int64($0) }
        default: nil
        }
    }

    /// The elements of an array.
    public var array: [RESPValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// Whether there is nothing: a key or a field that doesn't exist.
    public var isNull: Bool { self == .null }

    /// The pairs of a reply such as `HGETALL`'s: name, value, name, value. `nil` unless it is an array of even length
    /// whose names are text. Of equal names the last wins.
    public var pairs: [String: RESPValue]? {
        guard case .array(let elements) = self, elements.count.isMultiple(of: 2) else { return nil }
        var pairs: [String: RESPValue] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].string else { return nil }
            pairs[name] = elements[index + 1]
        }
        return pairs
    }
}

extension RESPValue: CustomStringConvertible {
    /// What kind of value it is, with its size but without its content, which may be a secret.
    public var description: String {
        switch self {
        case .status(let text): "status \(text)"
        case .error(let reply): "error \(reply.code)"
        case .integer(let value): "integer \(value)"
        case .bytes(let bytes): "string of \(bytes.count) bytes"
        case .null: "null"
        case .array(let elements): "array of \(elements.count)"
        }
    }
}
