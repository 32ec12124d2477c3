import HalleyCore

import struct HalleyCore.Channel

/// The explicit word that durable events of a channel, between two ids, can't be had any more.
public struct Gap: Hashable, Sendable {
    /// Where they were published.
    public let channel: Channel
    /// The last id that the subscriber has had, or been told of, on the channel. Of an older era, or of a clock that went
    /// back, it may be above ``to``.
    public let from: EventID
    /// What comes after here isn't concerned.
    public let to: EventID
    /// Where the subscriber stands, which the gap doesn't change: a position speaks for all channels at once, and on another
    /// one events below ``to`` may still be due. ``Subscriber/reached(_:)`` follows when nothing is.
    public let position: Position

    package init(channel: Channel, from: EventID, to: EventID, position: Position) {
        self.channel = channel
        self.from = from
        self.to = to
        self.position = position
    }
}
