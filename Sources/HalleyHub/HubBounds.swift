import NIOCore

/// The bounds of what one hub keeps in memory.
public struct HubBounds: Sendable {
    /// The most channels that a hub knows at a time, lingering ones included.
    public var channels: Int
    /// How long a channel without subscribers stays subscribed, so that a client between two polls, or on its way back,
    /// misses nothing.
    public var linger: TimeAmount
    /// The most events in one channel's ring.
    public var ringEvents: Int
    /// The most memory of one channel's ring, in bytes.
    public var ringBytes: Int
    /// The most memory of all rings together, in bytes.
    public var ringTotalBytes: Int

    /// The bounds; each is documented where it is declared.
    public init(channels: Int, linger: TimeAmount, ringEvents: Int, ringBytes: Int, ringTotalBytes: Int) {
        self.channels = channels
        self.linger = linger
        self.ringEvents = ringEvents
        self.ringBytes = ringBytes
        self.ringTotalBytes = ringTotalBytes
    }
}
