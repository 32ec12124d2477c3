import HalleyCore
import NIOCore

import struct HalleyCore.Channel

/// What the data plane asks of the message broker. Bound to one event loop: every call and every callback is on it.
///
/// A broker reconnects for ever by itself and, once back, subscribes again to all that it was asked for. What it can't
/// do is hide the hole: ``BrokerListener/brokerLost()`` opens it, the next ``BrokerListener/brokerSubscribed(to:)`` for
/// a channel closes it for that channel.
public protocol Broker: AnyObject {
    /// Who is told. The listener owns the broker, and the broker may hold the listener until it is stopped: what every event
    /// passes isn't to be weak.
    var listener: (any BrokerListener)? { get set }

    /// Asks for a channel's events, live and durable. Asking twice is harmless. One subscription a channel: a second one may
    /// ask when the first has ended.
    func subscribe(_ subscription: Subscription)

    /// Ends a channel's events, and lets go of the subscription. Events that are under way may still come to the channel's
    /// next one, before that is confirmed. Harmless for one that isn't subscribed.
    func unsubscribe(_ subscription: Subscription)

    /// Asks for a reading of Halley's clock over the link, sooner than the next tick:
    /// ``BrokerListener/brokerTicked(_:)`` follows, unless the link breaks. Asking again before it came is harmless.
    ///
    /// - Returns: on the event loop, the reading by itself, taken after this call. It may come before the one over the link,
    ///   or after it. Fails when the broker can't be asked.
    @discardableResult
    func mark() -> EventLoopFuture<Watermark>

    /// Reads a channel's log after an id: oldest first, a page at most.
    ///
    /// - Returns: on the event loop. Fails when the broker can't be asked.
    func read(_ channel: Channel, after id: EventID) -> EventLoopFuture<LogPage>
}

/// What the broker tells, in the order in which it came over the one link.
public protocol BrokerListener: AnyObject {
    /// An event came.
    ///
    /// - Parameters:
    ///   - payload: any bytes.
    ///   - stamp: what Redis said of it when it recorded it; `nil` for a live event.
    func brokerReceived(_ payload: [UInt8], stamp: Stamp?, on subscription: Subscription)

    /// The broker confirmed the subscription on the present link: from here on every event of the channel arrives.
    func brokerSubscribed(to subscription: Subscription)

    /// A tick or a mark came: everything published before it has arrived.
    func brokerTicked(_ watermark: Watermark)

    /// Redis' data went back to an older state, and nobody noticed at once: this reading is the first of a new era. Whoever
    /// resumed since the link came up may have been told that he missed nothing while it wasn't so.
    func brokerRewound(to watermark: Watermark)

    /// The link broke or was found deaf. Events may be missed on every channel until it is confirmed anew.
    func brokerLost()
}

/// A channel that a listener wants: the listener makes it, and is given the same object with every event. The broker has to
/// look up the name that came anyway; so the listener, which keeps what it knows of the channel in a class of its own,
/// needn't look it up again.
open class Subscription {
    /// What is wanted.
    public final let channel: Channel

    /// For ``Broker/subscribe(_:)``.
    public init(to channel: Channel) { self.channel = channel }
}

/// The newest reading of Halley's clock that came over a link: everything older has come before it.
public struct Watermark: Hashable, Sendable {
    /// The reading.
    public let id: EventID
    /// The life of Redis' data in which it counts.
    public let era: Era

    /// A reading as it came.
    public init(id: EventID, era: Era) {
        self.id = id
        self.era = era
    }
}
