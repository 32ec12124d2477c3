import HalleyCore
import NIOCore

import struct HalleyCore.Channel

/// What the hub knows of one channel: its ring and its local subscribers.
final class Topic {
    let channel: Channel
    var ring: Ring
    /// Whether the broker confirmed the subscription on the present link.
    var isConfirmed = false
    /// All that want the channel, live or not.
    var members = 0
    /// Since when nobody wants the channel; `nil` while somebody does.
    var emptySince: NIODeadline?
    /// Those that wait for the confirmation.
    var waiting: [ObjectIdentifier: any Subscriber] = [:]
    private(set) var live: [any Subscriber] = []

    init(channel: Channel, coveredFrom: UInt64) {
        self.channel = channel
        ring = Ring(coveredFrom: coveredFrom)
    }

    /// Gives the event to every live subscriber. Backwards, because a subscriber may leave while it is served: the last
    /// one, already served, then takes its place.
    func fanOut(_ delivery: Delivery) {
        var index = live.count - 1
        while index >= 0 {
            if index < live.count { live[index].deliver(delivery) }
            index -= 1
        }
    }

    /// - Returns: the index in the live list.
    func seat(_ subscriber: any Subscriber) -> Int {
        live.append(subscriber)
        return live.count - 1
    }

    /// Frees a place in constant time: the last one moves there, and its seat is told.
    func unseat(at index: Int) {
        let last = live.removeLast()
        guard index < live.count else { return }
        live[index] = last
        for seat in last.membership.seats.indices where last.membership.seats[seat].topic === self {
            last.membership.seats[seat].index = index
        }
    }
}
