import HalleyBroker
import HalleyCore

import struct HalleyCore.Channel

/// What the hub knows of one channel: its ring and its local subscribers.
package final class Topic: Subscription {
    // What every event looks at comes first, so that it shares a line or two of the processor's cache.
    package private(set) var live = Audience()
    package var ring: Ring
    /// All that want the channel, live or not.
    var members = 0
    /// The ``LingerQueue``'s note: which of its entries counts. `nil` while somebody wants the channel.
    var lingerTurn: UInt64?
    /// Whether it is one of the hub's topics still.
    var isKept = true
    /// Whether the broker confirmed the subscription on the present link.
    var isConfirmed = false
    /// Whether a reading of the clock has come over the link since: then it is known which events the link brings.
    var isCovered = false
    /// Its log, for those who catch up.
    let backlog = Backlog()
    /// Those that wait until the channel is covered.
    var waiting: [ObjectIdentifier: any Subscriber] = [:]

    package init(channel: Channel, coveredFrom: UInt64) {
        ring = Ring(coveredFrom: coveredFrom)
        super.init(to: channel)
    }

    package var isLingering: Bool { lingerTurn != nil }

    /// Gives the event to every live subscriber. Backwards, because a subscriber may leave while it is served: the last
    /// one, already served, then takes its place.
    package func fanOut(_ delivery: Delivery) {
        delivery.expect(readers: live.count)
        var index = live.count - 1
        while index >= 0 {
            if index < live.count { live[index].deliver(delivery) }
            index -= 1
        }
    }

    /// Tells every live subscriber where it stands; of one with several channels only the first tells it.
    func tellLive(_ position: Position) {
        var index = live.count - 1
        while index >= 0 {
            if index < live.count, live[index].membership.seats.first?.topic === self { live[index].reached(position) }
            index -= 1
        }
    }

    /// Empties the live list: the link is lost, and all begin anew. Their seats are for the caller to mend.
    func unseatAll() -> [any Subscriber] {
        defer { live = Audience() }
        return Array(live)
    }

    /// - Returns: the index in the live list.
    package func seat(_ subscriber: any Subscriber) -> Int {
        live.append(subscriber)
        return live.count - 1
    }

    /// Gives a place to another.
    func reseat(_ subscriber: any Subscriber, at index: Int) { live[index] = subscriber }

    /// Frees a place in constant time: the last one moves there, and its seat is told.
    package func unseat(at index: Int) {
        let last = live.removeLast()
        guard index < live.count else { return }
        live[index] = last
        last.membership.moved(in: self, to: index)
    }
}
