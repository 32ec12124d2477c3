import DequeModule
import NIOCore

/// The topics that nobody wants any more, in the order in which they were left: each stays until its linger is over, its
/// place is needed, or it is wanted again.
///
/// A long-poller leaves its channel at every answer and wants it back with the next request. So coming back is cheap: the
/// entry goes stale and is passed over later; when stale ones outnumber the others the queue is rebuilt.
package struct LingerQueue {
    private var entries: Deque<(topic: Topic, since: NIODeadline, turn: UInt64)> = []
    private var turns: UInt64 = 0

    /// How many topics linger.
    package private(set) var count = 0

    /// Below this many stale entries a rebuild isn't worth its time: 24 bytes each, 100 KB in all.
    private static let tolerated = 4_096

    package init() {}

    /// Its last subscriber has left the topic.
    package mutating func append(_ topic: Topic, since: NIODeadline) {
        turns += 1
        topic.lingerTurn = turns
        entries.append((topic, since, turns))
        count += 1
    }

    /// The topic is wanted again. Harmless when it was all the time.
    package mutating func remove(_ topic: Topic) {
        guard topic.isLingering else { return }
        topic.lingerTurn = nil
        count -= 1
        guard entries.count - count > Self.tolerated, entries.count > 2 * count else { return }
        entries = Deque(entries.filter { $0.topic.lingerTurn == $0.turn })
    }

    /// Takes out the topic that was left first, unless it was left after the limit.
    package mutating func popFirst(leftBy limit: NIODeadline = .distantFuture) -> Topic? {
        while let first = entries.first {
            let isStale = first.topic.lingerTurn != first.turn
            guard isStale || first.since <= limit else { return nil }
            entries.removeFirst()
            guard !isStale else { continue }
            first.topic.lingerTurn = nil
            count -= 1
            return first.topic
        }
        return nil
    }

    /// Entries in memory, stale ones included.
    package var length: Int { entries.count }
}
