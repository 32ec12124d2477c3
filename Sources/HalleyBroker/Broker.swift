import HalleyCore

/// What the data plane asks of the message broker. Bound to one event loop: every call and every callback is on it.
///
/// A broker reconnects for ever by itself and, once back, subscribes again to all that it was asked for. What it can't
/// do is hide the hole: ``BrokerListener/brokerLost()`` opens it, the next ``BrokerListener/brokerSubscribed(to:)`` for
/// a channel closes it for that channel.
public protocol Broker: AnyObject {
    /// Who is told. Held weakly by implementations: the listener owns the broker.
    var listener: (any BrokerListener)? { get set }

    /// Asks for a channel's events. Asking twice is harmless.
    func subscribe(_ channel: Channel)

    /// Ends a channel's events. Some that are under way may still arrive.
    func unsubscribe(_ channel: Channel)
}

/// What the broker tells, in the order in which it came over the one link.
public protocol BrokerListener: AnyObject {
    /// An event came.
    func brokerReceived(_ message: BrokerMessage)

    /// The broker confirmed the subscription on the present link: from here on every event of the channel arrives.
    func brokerSubscribed(to channel: Channel)

    /// A tick came: everything published before it has arrived.
    func brokerTicked(_ watermark: Watermark)

    /// The link broke or was found deaf. Events may be missed on every channel until it is confirmed anew.
    func brokerLost()
}

/// One event as it came from the broker.
public struct BrokerMessage: Hashable, Sendable {
    /// Where it was published.
    public let channel: Channel
    /// Any bytes.
    public let payload: [UInt8]

    /// An event as it came.
    public init(channel: Channel, payload: [UInt8]) {
        self.channel = channel
        self.payload = payload
    }
}

/// The newest reading of Halley's clock that came over a link: everything older has come before it.
public struct Watermark: Hashable, Sendable {
    /// What the clock read.
    public let id: EventID
    /// In which life of Redis' data.
    public let era: Era

    /// A reading of the clock.
    public init(id: EventID, era: Era) {
        self.id = id
        self.era = era
    }
}
