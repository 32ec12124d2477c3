import HalleyCore

/// A broker in memory, for tests of what listens to one. Everything happens when the test says so, at once and in the
/// caller's turn; as with Redis, nothing is told to a listener from within its own call to ``subscribe(_:)``.
public final class MemoryBroker: Broker {
    /// Who is told.
    public weak var listener: (any BrokerListener)?

    /// The channels that are asked for.
    public private(set) var wanted: Set<Channel> = []
    /// The channels whose events arrive.
    public private(set) var confirmed: Set<Channel> = []
    /// Whether there is a link.
    public private(set) var isConnected = true

    /// A broker with its link up and no channel asked for.
    public init() {}

    /// Asks for a channel's events; they come once the test has called ``confirm()``.
    public func subscribe(_ channel: Channel) { wanted.insert(channel) }

    /// Ends a channel's events.
    public func unsubscribe(_ channel: Channel) {
        wanted.remove(channel)
        confirmed.remove(channel)
    }

    /// Confirms everything that is asked for and isn't confirmed, in the channels' order.
    public func confirm() {
        guard isConnected else { return }
        for channel in wanted.subtracting(confirmed).sorted() {
            confirmed.insert(channel)
            listener?.brokerSubscribed(to: channel)
        }
    }

    /// Publishes a live event.
    /// - Returns: whether the listener was told: the channel is asked for and confirmed.
    @discardableResult
    public func publish(_ payload: [UInt8], on channel: Channel) -> Bool {
        guard isConnected, confirmed.contains(channel) else { return false }
        listener?.brokerReceived(BrokerMessage(channel: channel, payload: payload))
        return true
    }

    /// Moves the watermark on.
    public func tick(_ watermark: Watermark) {
        guard isConnected else { return }
        listener?.brokerTicked(watermark)
    }

    /// Breaks the link.
    public func lose() {
        guard isConnected else { return }
        isConnected = false
        confirmed.removeAll()
        listener?.brokerLost()
    }

    /// Brings the link back. Call ``confirm()`` for the subscriptions.
    public func restore() { isConnected = true }
}
