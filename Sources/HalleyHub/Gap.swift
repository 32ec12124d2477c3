import HalleyCore

import struct HalleyCore.Channel

/// The explicit word that durable events of a channel, between two ids, can't be had any more.
public struct Gap: Hashable, Sendable {
    /// Where they were published.
    public let channel: Channel
    /// What came up to here isn't concerned.
    public let from: EventID
    /// What comes after here isn't concerned. The gap's own place in the order.
    public let to: EventID
    /// Where a subscriber stands that was told; `nil` while another channel has a word at the same place, for who has the
    /// position is taken to have them all.
    public let position: Position?

    package init(channel: Channel, from: EventID, to: EventID, position: Position?) {
        self.channel = channel
        self.from = from
        self.to = to
        self.position = position
    }
}
