import HalleyCore

/// One held connection, as the hub sees it. Bound to the hub's event loop.
///
/// No call may leave or close *another* subscriber while it runs: a fan-out is under way.
public protocol Subscriber: AnyObject {
    /// The hub's own notes on this subscriber, kept here so that they need no table. Starts as `Membership()`.
    var membership: Membership { get set }

    /// All channels are confirmed: from here on nothing is missed. Called once, before any delivery.
    func joined(_ resume: Resume)

    /// Takes one event. What can't be sent is the subscriber's affair: it may leave the hub, or close, later in the same
    /// turn of the loop.
    func deliver(_ delivery: Delivery)

    /// Its backlog was dropped from the rings faster than it took it: it must go, and come back by its position.
    func fellBehind()

    /// Whether a backlog may go on now. When it turns true again the subscriber calls ``Hub/resumeBacklog(of:)``.
    var takesBacklog: Bool { get }
}

/// How complete the answer to a client's position is. Its text is the value of the header `Halley-Resume`.
public enum Resume: String, Sendable {
    /// The client gave no position: it gets what comes from now on.
    case fresh
    /// Everything after the position follows.
    case complete
    /// Live events may have been missed.
    case durableOnly = "durable-only"
}

/// What the hub notes on one subscriber.
public struct Membership {
    var seats: [Seat] = []
    var stage = Stage.outside

    public init() {}

    /// A place in one topic's list of live subscribers.
    struct Seat {
        let topic: Topic
        /// -1 until live.
        var index: Int
    }

    enum Stage {
        case outside
        /// So many of its channels aren't confirmed yet; it stands at the cursor if it gave one.
        case joining(unconfirmed: Int, from: Position?)
        /// Confirmed, and reading from the rings what came after the cursor's count. `isComplete`: all of it was there
        /// at the start, and must stay.
        case catchingUp(after: UInt64, isComplete: Bool)
        case live
    }

    /// Whether events come to it by fan-out now.
    public var isLive: Bool { if case .live = stage { true } else { false } }
}
