/// Why a command has no reply. What Redis itself says no to is a ``RedisErrorReply`` instead.
public enum RedisError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The link has no connection just now. The command was not sent. With the reason last seen.
    case down(String)
    /// The connection ended before the reply. Redis may or may not have executed the command.
    case lost(String)
    /// No reply came in time, in milliseconds, and the connection was closed. Redis may still execute the command.
    case overdue(milliseconds: Int64)
    /// As many commands or bytes as allowed wait for replies already. The command was not sent.
    case tooManyPending(String)
    /// The command is larger than hiredis can format, in bytes. It was not sent.
    case commandTooLarge(bytes: Int, limit: Int)
    /// What came isn't RESP, is too large, or answers nothing that was asked. The connection was closed.
    case protocolViolation(String)
    /// A reply of another form than the command has: a server that isn't the one we know.
    case unexpectedReply(String)
    /// The link was closed by its owner.
    case closed

    /// What happened, and what it means for the command, in one line.
    public var description: String {
        switch self {
        case .down(let reason): "Redis can't be reached (\(reason)); the command was not sent"
        case .lost(let reason): "the connection to Redis ended (\(reason)); the command may or may not have run"
        case .overdue(let milliseconds):
            "Redis didn't answer within \(milliseconds) ms; the command may or may not have run"
        case .tooManyPending(let bound):
            "too much waits for Redis' replies already (\(bound)); the command was not sent"
        case .commandTooLarge(let bytes, let limit): "a command of \(bytes) bytes; the most is \(limit)"
        case .protocolViolation(let what): "not Redis' protocol: \(what)"
        case .unexpectedReply(let what): "unexpected reply from Redis: \(what)"
        case .closed: "the link to Redis was closed"
        }
    }
}

/// An error that Redis answered with: `WRONGTYPE Operation against a key …`.
public struct RedisErrorReply: Error, Hashable, Sendable, CustomStringConvertible {
    /// The whole text, as it came.
    public let description: String

    /// An error reply with its text.
    public init(_ text: String) { description = text }

    /// The first word, by which programs tell errors apart: `ERR`, `NOAUTH`, `LOADING`, `NOPERM`.
    public var code: String { String(description.prefix { $0 != " " }) }
}
