import HalleyCore

/// One held connection, as the hub sees it. Bound to the hub's event loop.
///
/// No call may leave or close *another* subscriber while it runs: a fan-out is under way, or all have been unseated and not
/// yet sent back. Who ends with another (a leg with its connection) leaves when the turn of the loop is over.
public protocol Subscriber: AnyObject {
    /// The hub's own notes on this subscriber, kept here so that they need no table. Starts as `Membership()`.
    var membership: Membership { get set }

    /// It is known how its position is answered, and from here on nothing is missed. Called once, before any delivery.
    ///
    /// - Parameter position: where it stands before the first delivery; `nil` when it keeps the one that it has.
    func joined(_ resume: Resume, at position: Position?)

    /// Takes one event. What can't be sent is the subscriber's affair: it may fall behind (``Hub/lag(_:from:)``), leave the
    /// hub, or close, at once or later in the same turn of the loop.
    func deliver(_ delivery: Delivery)

    /// Takes the word that events can't be had any more.
    func tell(_ gap: Gap)

    /// Everything up to here has been delivered or told: said after gaps, which move no position themselves, and when a new
    /// era makes the position that it has worthless.
    func reached(_ position: Position)

    /// Whether a backlog may go on now. When it turns true again the subscriber calls ``Hub/resumeBacklog(of:)``.
    var takesBacklog: Bool { get }
}

/// How complete the answer to a client's position is. Its text is the value of the header `Halley-Resume`.
public enum Resume: String, Sendable {
    /// The client gave no position: it gets what comes from now on.
    case fresh
    /// Everything after the position follows.
    case complete
    /// All durable events after the position follow; live events may have been missed.
    case durableOnly = "durable-only"
    /// Durable events after the position can't be had any more, on one channel at least; its place is told in the stream.
    case gap
}

/// What the hub notes on one subscriber.
public struct Membership {
    package var seats = Seats()
    var stage = Stage.outside

    /// Outside: in no channel.
    public init() {}

    /// Live in one channel.
    init(liveIn topic: Topic, at index: Int) {
        seats = Seats(Seat(topic: topic, index: index))
        stage = .live
    }

    /// Out of all channels.
    ///
    /// - Returns: what it was before.
    mutating func end() -> Membership {
        var old = Membership()
        swap(&old, &self)
        return old
    }

    /// A place in one topic's list of live subscribers.
    package struct Seat {
        package let topic: Topic
        /// -1 until live.
        package var index: Int

        package init(topic: Topic, index: Int) {
            self.topic = topic
            self.index = index
        }
    }

    /// Its place in the topic's list is another now.
    mutating func moved(in topic: Topic, to index: Int) {
        for seat in seats.indices where seats[seat].topic === topic { seats[seat].index = index }
    }

    enum Stage {
        case outside
        case joining(Joining)
        case catchingUp(CatchingUp)
        case draining(Draining)
        case live
    }

    /// Waiting until all its channels are covered by the link, and then, rarely, for a reading of the clock.
    final class Joining {
        let position: Position?
        /// Whether it was in before, and only the link was lost.
        let isBack: Bool
        var uncovered = 0
        /// The hub's count when the last of its channels was confirmed.
        var confirmedAt: UInt64 = 0
        var awaited: Awaited?
        /// Redis' clock was read after it came, and its position is ahead of it.
        var isAhead = false

        init(from position: Position?, isBack: Bool) {
            self.position = position
            self.isBack = isBack
        }
    }

    /// What a subscriber waits for whose channels are all covered.
    enum Awaited {
        /// The link has not brought its position yet. Whether Redis has ever given it is being asked.
        case passing(isVouched: Bool)
        /// A log told of another era than the link has brought so far.
        case reading
    }

    /// Reading from the rings, by count, what came over the link since it stopped reading logs.
    final class Draining {
        var cursor: UInt64
        /// Where it stands.
        var position: Position?
        /// Whether it was live before, and fell behind.
        let isLagging: Bool
        /// Whether the link was lost since. What it hasn't taken can't be told from what the link has missed.
        var isCutOff = false

        init(after cursor: UInt64, at position: Position?, isLagging: Bool = false) {
            self.cursor = cursor
            self.position = position
            self.isLagging = isLagging
        }
    }

    /// Whether events come to it by fan-out now.
    public var isLive: Bool { if case .live = stage { true } else { false } }

    /// Whether it was live and fell behind: see ``Hub/lag(_:from:)``.
    public var isLagging: Bool { if case .draining(let draining) = stage { draining.isLagging } else { false } }
}
