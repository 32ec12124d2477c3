/// Where a subscriber stands: everything up to it has been delivered. Opaque to clients, who keep it and give it back.
///
/// ```
/// 1795359771922-57 . aB3xYz ~ 0123456789abcdef . 4711
/// └─ id ─────────┘   └ era ┘   └─ incarnation ─┘   └ n ┘
///    durable part: good on any worker   live cursor (optional): exact on the worker that wrote it
/// ```
public struct Position: Hashable, Sendable {
    /// The longest text, in bytes. Room for several clocks; anything longer isn't ours.
    public static let maximumLength = 512

    /// All durable events up to this id have been delivered.
    public let id: EventID
    /// The era in which `id` was read.
    public let era: Era
    /// Where in one worker's memory of live events the subscriber stands.
    public let cursor: LiveCursor?

    /// A place in the order of all durable events, and maybe in one worker's memory.
    public init(id: EventID, era: Era, cursor: LiveCursor? = nil) {
        self.id = id
        self.era = era
        self.cursor = cursor
    }

    /// - Throws: ``PositionError`` for anything but the form above.
    public init(parsing text: some StringProtocol) throws(PositionError) {
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong }
        let halves = text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
        let durable = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard durable.count == 2, let id = EventID(durable[0]), let era = Era(durable[1]) else { throw .malformed }
        var cursor: LiveCursor?
        if halves.count == 2 {
            let live = halves[1].split(separator: ".", omittingEmptySubsequences: false)
            guard live.count == 2, let incarnation = Incarnation(live[0]), let count = UInt64(decimal: live[1]) else {
                throw .malformed
            }
            cursor = LiveCursor(incarnation: incarnation, count: count)
        }
        self.init(id: id, era: era, cursor: cursor)
    }
}

/// A place in the order of all messages that came over one worker's Redis link.
public struct LiveCursor: Hashable, Sendable {
    /// The start of the worker that counted.
    public let incarnation: Incarnation
    /// How many messages had come over the link, this one included.
    public let count: UInt64

    /// A place as counted by that worker.
    public init(incarnation: Incarnation, count: UInt64) {
        self.incarnation = incarnation
        self.count = count
    }
}

/// Why a text is no position. The texts never echo it: it comes from the network.
public enum PositionError: Error, Equatable, CustomStringConvertible {
    case tooLong
    case malformed

    /// For the client: what to do about it.
    public var description: String {
        switch self {
        case .tooLong:
            "a position has at most \(Position.maximumLength) bytes; give back what you were given, unchanged"
        case .malformed: "this is no position; give back the id that you were given, unchanged, or none"
        }
    }
}

extension Position: CustomStringConvertible {
    /// The form that is read back.
    public var description: String {
        guard let cursor else { return "\(id).\(era)" }
        return "\(id).\(era)~\(cursor.incarnation).\(cursor.count)"
    }
}
