import DequeModule

/// All rings' events in the order in which they came, so that the bound on their sum evicts the oldest of all.
///
/// A ring drops events by itself too; their entries here go stale and are passed over. When stale ones outnumber the
/// others the order is rebuilt, so that its length stays in proportion to what the rings hold.
package struct RingOrder {
    private var entries: Deque<(topic: Topic, count: UInt64)> = []
    private var stale = 0

    package init() {}

    /// Entries in memory, stale ones included.
    package var length: Int { entries.count }

    /// Below this many stale entries a rebuild isn't worth its time: 24 bytes each, 100 KB in all.
    private static let tolerated = 4_096

    package mutating func append(_ topic: Topic, count: UInt64) { entries.append((topic, count)) }

    /// A ring dropped so many events by itself.
    package mutating func drop(_ number: Int) {
        stale += number
        guard stale > Self.tolerated, stale > entries.count / 2 else { return }
        entries = Deque(entries.filter { Self.isPresent($0) })
        stale = 0
    }

    /// Evicts the oldest event of all rings. `false` when there is none.
    package mutating func evictOldest() -> Bool {
        while let entry = entries.popFirst() {
            if Self.isPresent(entry) {
                entry.topic.ring.dropOldest()
                return true
            }
            stale -= 1
        }
        return false
    }

    private static func isPresent(_ entry: (topic: Topic, count: UInt64)) -> Bool {
        entry.topic.ring.oldest.map { $0.count <= entry.count } ?? false
    }
}
