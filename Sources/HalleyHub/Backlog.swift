import HalleyCore

/// The log of one channel, as those read it who catch up: stretches read lately, and who waits for which.
///
/// When a worker dies, thousands come back within a second with positions that hardly differ. They share one reading: who
/// comes while one is under way waits, and the next begins at the smallest position of all that wait.
package final class Backlog {
    /// One that waits: a subscriber, on one attempt to catch up, for one of its channels.
    package struct Waiter {
        let subscriber: any Subscriber
        let attempt: CatchingUp
        let source: Int
        package let after: EventID

        package init(subscriber: any Subscriber, attempt: CatchingUp, source: Int, after: EventID) {
            self.subscriber = subscriber
            self.attempt = attempt
            self.source = source
            self.after = after
        }
    }

    /// Stretches kept. Who is a page behind the others still finds its own; more would only take memory.
    private static let keptSegments = 4

    private var segments: [LogSegment] = []
    /// Waiting for the reading that is under way.
    private var served: [Waiter] = []
    /// Came after it had begun.
    private var waiting: [Waiter] = []
    private var isUsed = false
    /// Which reading is under way; an answer to another is of no use. `nil` when none is.
    package private(set) var reading: UInt64?
    private var readings: UInt64 = 0

    package init() {}

    /// A stretch in memory that goes on where the id ends.
    package func segment(after id: EventID, era: Era) -> LogSegment? {
        isUsed = true
        return segments.last { $0.after <= id && id < $0.through && $0.era == era }
    }

    package func wait(_ waiter: Waiter) { waiting.append(waiter) }

    /// Begins a reading for all that wait.
    ///
    /// - Returns: the id to read after; `nil` when nobody waits or a reading is under way.
    package func begin() -> EventID? {
        guard reading == nil, let after = waiting.map(\.after).min() else { return nil }
        readings += 1
        reading = readings
        isUsed = true
        served = waiting
        waiting = []
        return after
    }

    /// The reading is done.
    ///
    /// - Returns: whom it serves, those who came while it was under way included: for them it is a stretch in memory, and
    ///   not fresh. The others, further on than a full page reached, wait again.
    package func end(_ segment: LogSegment) -> [(waiter: Waiter, isFresh: Bool)] {
        reading = nil
        segments.append(segment)
        if segments.count > Self.keptSegments { segments.removeFirst() }
        let isWithin = { (waiter: Waiter) in segment.after <= waiter.after && waiter.after < segment.through }
        let isServed = { (waiter: Waiter) in segment.isLast || waiter.after == segment.after || isWithin(waiter) }
        let all = served.map { ($0, isServed($0), true) } + waiting.map { ($0, isWithin($0), false) }
        served = []
        waiting = all.filter { !$0.1 }.map(\.0)
        return all.filter(\.1).map { ($0.0, $0.2) }
    }

    /// The reading failed: those who waited for it wait again.
    package func fail() {
        reading = nil
        waiting = served + waiting
        served = []
    }

    /// Lets go of stretches that nobody has asked for since the last call.
    package func forgetUnused() {
        if !isUsed { segments = [] }
        isUsed = false
    }

    /// The link broke: whoever waited begins anew, and what was read may be of another era. Or the channel is forgotten.
    package func reset() {
        segments = []
        served = []
        waiting = []
        reading = nil
    }
}

/// One attempt of a subscriber to catch up. An object: what was asked for by an attempt that has ended answers to nobody.
package final class CatchingUp {
    package var way: CatchUp
    /// The topic of each of the way's sources.
    let topics: [Topic]
    /// The hub's count when the limit was taken: the ring goes on after it.
    let count: UInt64
    /// Whether the subscriber has been told how its resume is answered.
    var isTold: Bool
    /// Whether it was told a gap: then it is owed a position in the end.
    var hasToldGap = false

    package init(_ way: CatchUp, of topics: [Topic], count: UInt64, isTold: Bool) {
        self.way = way
        self.topics = topics
        self.count = count
        self.isTold = isTold
    }
}
