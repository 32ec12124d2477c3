import HalleyCore

/// One held connection, as the hub sees it. Bound to the hub's event loop.
///
/// No call may leave or close *another* subscriber while it runs: a fan-out is under way.
public protocol Subscriber: AnyObject {
    /// The hub's own notes on this subscriber, kept here so that they need no table. Starts as `Membership()`.
    var membership: Membership { get set }

    /// All channels are confirmed: from here on nothing is missed. Called once, before any delivery.
    ///
    /// - Parameter position: where it stands before the first delivery; `nil` while the hub has no watermark.
    func joined(_ resume: Resume, at position: Position?)

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
    package var seats: [Seat] = []
    package var stage = Stage.outside

    /// Outside: in no channel.
    public init() {}

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

    package enum Stage {
        case outside
        /// So many of its channels aren't confirmed yet; it stands at the cursor if it gave one.
        /// `indirect`: a position is large, and wanted no longer than this.
        indirect case joining(unconfirmed: Int, from: Position?)
        /// Confirmed, and reading from the rings what came after the cursor's count. What was there at the start, from
        /// `wholeFrom` on, must stay until it is read.
        case catchingUp(after: UInt64, wholeFrom: UInt64)
        case live
    }

    /// Whether events come to it by fan-out now.
    public var isLive: Bool { if case .live = stage { true } else { false } }
}
