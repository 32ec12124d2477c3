import DequeModule

/// A channel's recent events in the memory of this worker, oldest first, bounded by number and bytes.
///
/// It answers one question: is what came after a cursor all here? `isComplete(from:)` says yes exactly when the channel was
/// subscribed without a break since the cursor, and nothing since has been dropped.
package struct Ring {
    package private(set) var deliveries: Deque<Delivery> = []
    private var bytes = 0
    /// Nothing with a greater count is missing.
    package private(set) var coveredFrom: UInt64

    package init(coveredFrom: UInt64) { self.coveredFrom = coveredFrom }

    package var oldest: Delivery? { deliveries.first }

    /// Whether every event of the channel after the cursor's count is in the ring.
    package func isComplete(from cursor: UInt64) -> Bool { cursor >= coveredFrom }

    /// The link was broken until now: what came before `count` is not all here.
    package mutating func cover(from count: UInt64) { coveredFrom = count }

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
