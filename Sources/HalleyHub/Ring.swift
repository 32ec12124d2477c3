import DequeModule
import HalleyCore

/// A channel's recent events in the memory of this worker, oldest first, bounded by number and bytes.
///
/// It answers one question: is what came after a cursor all here? `isComplete(from:)` says yes exactly when the channel was
/// subscribed without a break since the cursor, and nothing since has been dropped.
package struct Ring {
    package private(set) var deliveries: Deque<Delivery> = []
    private var bytes = 0
    /// Nothing with a greater count is missing.
    package private(set) var coveredFrom: UInt64
    /// No durable event of the present era with a greater id is missing; `nil` before the channel was covered.
    package private(set) var floor: EventID?
    /// What came up to this count may be of another era.
    private var eraFrom: UInt64 = 0

    package init(coveredFrom: UInt64) { self.coveredFrom = coveredFrom }

    package var oldest: Delivery? { deliveries.first }

    /// Whether every event of the channel after the cursor's count is in the ring.
    package func isComplete(from cursor: UInt64) -> Bool { cursor >= coveredFrom }

    /// The subscription was confirmed: what came before `count` is not all here, what comes after it will be.
    package mutating func confirm(from count: UInt64) {
        coveredFrom = count
        eraFrom = count
    }

    /// The channel is covered by the link: no durable event with a greater id than this will be missing.
    package mutating func cover(floor: EventID) { self.floor = floor }

    /// A new era began: ids of the old one compare with nothing any more.
    package mutating func beginEra(from count: UInt64, floor: EventID) {
        eraFrom = count
        if self.floor != nil { self.floor = floor }
    }

    /// The link broke: the ring can't answer for durable events until the channel is covered again.
    package mutating func uncover() { floor = nil }

    /// The channel's durable events after the id, oldest first; `nil` when the ring doesn't reach back so far.
    package func durable(after id: EventID) -> [Delivery]? {
        guard let floor, floor <= id else { return nil }
        var found: [Delivery] = []
        for delivery in deliveries.reversed() where delivery.stamp != nil {
            guard let stamp = delivery.stamp, stamp.id > id, delivery.count > eraFrom else { break }
            found.append(delivery)
        }
        return found.reversed()
    }

    /// Adds the newest event and drops what is over the bounds.
    ///
    /// - Returns: how many were dropped.
    package mutating func append(_ delivery: Delivery, maximumEvents: Int, maximumBytes: Int) -> Int {
        deliveries.append(delivery)
        bytes += delivery.payload.count + Delivery.overhead
        var dropped = 0
        while deliveries.count > maximumEvents || bytes > maximumBytes {
            dropOldest()
            dropped += 1
        }
        return dropped
    }

    package mutating func dropOldest() {
        guard let oldest = deliveries.popFirst() else { return }
        bytes -= oldest.payload.count + Delivery.overhead
        // What came before a break of the link uncovers nothing when it goes.
        coveredFrom = max(coveredFrom, oldest.count)
        if let floor, let stamp = oldest.stamp, oldest.count > eraFrom { self.floor = max(floor, stamp.id) }
    }

    /// - Returns: how many were dropped.
    package mutating func empty() -> Int {
        let dropped = deliveries.count
        while !deliveries.isEmpty { dropOldest() }
        return dropped
    }

    /// The first event after the cursor's count. Logarithmic.
    package func first(after cursor: UInt64) -> Delivery? {
        var low = 0
        var high = deliveries.count
        while low < high {
            let middle = (low + high) / 2
            if deliveries[middle].count > cursor { high = middle } else { low = middle + 1 }
        }
        return low < deliveries.count ? deliveries[low] : nil
    }
}
