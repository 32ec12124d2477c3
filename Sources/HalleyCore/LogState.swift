/// What a durable event says of the time before it on its channel. It is made by Redis together with the event.
///
/// It makes holes visible wherever they come from: a trimmed log, an entry deleted by hand, a page that was lost. Only on
/// an unbroken link from Redis, which can't skip, a ``floor(_:)`` is never a hole.
public enum Link: Hashable, Sendable {
    /// The log's last id before the event. There was no event in between.
    case prev(EventID)
    /// There was no log. What came up to here isn't known; after it, and before the event, nothing did.
    case floor(EventID)

    /// A reader that has reached this id misses nothing before the event.
    public var id: EventID {
        switch self {
        case .prev(let id), .floor(let id): id
        }
    }

    /// Whether a reader that stands at `reached` misses something before the event, and if so, up to where.
    public func hole(after reached: EventID) -> EventID? { id > reached ? id : nil }
}

/// Where the clock of ids jumped as Redis' server woke: it may have woken with older data than it had. No id strictly
/// between the two ends was given in the present life of the data, so who has seen one saw it in a life that is lost.
public struct Jump: Hashable, Sendable {
    /// The clock as it was found: all up to here has been kept.
    public var from: EventID
    /// Given to nobody; every later id is after it.
    public var to: EventID

    /// A jump between two ids.
    public init(from: EventID, to: EventID) {
        self.from = from
        self.to = to
    }

    /// Whether the id is of a life that is lost.
    public func skips(_ id: EventID) -> Bool { from < id && id < to }
}

/// A channel's log, and the clock beside it, as one call of `halley_read` found them: all at one moment of Redis.
public struct LogState: Hashable, Sendable {
    /// Redis' time in milliseconds since 1970. Never a worker's: logs expire by this one.
    public var now: UInt64
    /// The newest id that Redis has given.
    public var clock: EventID
    /// Where the present era begins.
    public var born: EventID
    /// The present life of Redis' data.
    public var era: Era
    /// T, in milliseconds: a log stays for so long after its last event, or longer. The cluster's constant, without any
    /// longer life that a publisher gave to single events; while it was raised lately, what all logs have had so far.
    public var retention: UInt64
    /// The last id that the log has ever given, also when no entry is left; `nil` when there is no log.
    public var lastGenerated: EventID?
    /// What the first entry after ``ResumeRule/start(of:in:)`` says; `nil` when there is no such entry.
    public var first: Link?
    /// The clock's jumps in the present era, oldest first.
    public var jumps: [Jump]
    /// Up to here nothing was lost when the present era began; `nil` where it began because everything was, or at once when
    /// something was. Whoever comes from another era may have been told of nothing missing after it, and wrongly.
    public var kept: EventID?

    /// What `halley_read` answered.
    public init(
        now: UInt64, clock: EventID, born: EventID, era: Era, retention: UInt64, lastGenerated: EventID?, first: Link?,
        jumps: [Jump] = [], kept: EventID? = nil
    ) {
        self.now = now
        self.clock = clock
        self.born = born
        self.era = era
        self.retention = retention
        self.lastGenerated = lastGenerated
        self.first = first
        self.jumps = jumps
        self.kept = kept
    }
}

extension EventID {
    /// The first id of the millisecond that lies `milliseconds` earlier.
    ///
    /// The counter goes: a log that expired at T after its last event did so in a *later* millisecond, so every event that
    /// may be gone is of a millisecond before this one.
    public func earlier(by milliseconds: UInt64) -> EventID {
        EventID(
            milliseconds: self.milliseconds > milliseconds ? self.milliseconds - milliseconds : 0, counter: 0)
    }
}
