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
        // A native text lends its bytes; another is copied first.
        let parsed =
            text.utf8.withContiguousStorageIfAvailable { Position(reading: $0) }
            ?? Array(text.utf8).withUnsafeBufferPointer { Position(reading: $0) }
        guard let parsed else { throw .malformed }
        self = parsed
    }

    /// Every poll brings a position, so it is read in one pass over its bytes: by splitting it cost a quarter of the poll.
    private init?(reading bytes: UnsafeBufferPointer<UInt8>) {
        var reader = FieldReader(bytes)
        guard let id = reader.id(), reader.skip("."), let era = reader.era() else { return nil }
        var cursor: LiveCursor?
        if !reader.isAtEnd {
            guard reader.skip("~"),
                let incarnation = reader.take(Incarnation.length).flatMap({ Incarnation(digits: $0) }),
                reader.skip("."), let count = reader.decimal(), reader.isAtEnd
            else { return nil }
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

extension Position {
    /// Appends the form that is read back, for what is written once for every event: without a text in between.
    public func append(to output: inout [UInt8]) {
        id.append(to: &output)
        output.append(UInt8(ascii: "."))
        era.append(to: &output)
        guard let cursor else { return }
        output.append(UInt8(ascii: "~"))
        cursor.incarnation.append(to: &output)
        output.append(UInt8(ascii: "."))
        output.append(decimal: cursor.count)
    }
}

extension Position: CustomStringConvertible {
    /// The form that is read back.
    public var description: String { String(appending: append) }
}
