import HalleyCore

/// Which worker owns which shard, decided from who owned it before and who lives now.
///
/// The answer is complete (every shard has an owner as soon as one worker lives), balanced (no worker owns more than one
/// shard more than another) and cheap: no assignment that is complete and balanced moves fewer shards. The same
/// question always gets the same answer, so two coordinators that see the same workers agree.
public enum Assignment {
    /// - Parameters:
    ///   - previous: who owned the shards until now; owners that don't live any more are ignored.
    ///   - workers: the workers that live and take shards.
    /// - Returns: an owner for each of the shards; empty when no worker lives.
    public static func assign(
        previous: [Shard: WorkerID], workers: Set<WorkerID>
    ) -> [Shard: WorkerID] {
        guard !workers.isEmpty else { return [:] }
        var owned: [WorkerID: [Shard]] = [:]
        for shard in Shard.all {
            if let owner = previous[shard], workers.contains(owner) { owned[owner, default: []].append(shard) }
        }

        // With n workers each owns q or q + 1 shards, and exactly r own q + 1. A shard stays where it is unless its
        // owner has more than its share; so the larger shares go to those who own the most already.
        let (share, larger) = Shard.count.quotientAndRemainder(dividingBy: workers.count)
        let byWealth = workers.sorted { left, right in
            let (leftCount, rightCount) = (owned[left]?.count ?? 0, owned[right]?.count ?? 0)
            return leftCount == rightCount ? left < right : leftCount > rightCount
        }

        var assigned: [Shard: WorkerID] = [:]
        var wanting: [(worker: WorkerID, count: Int)] = []
        for (rank, worker) in byWealth.enumerated() {
            let due = rank < larger ? share + 1 : share
            let kept = (owned[worker] ?? []).prefix(due)
            for shard in kept { assigned[shard] = worker }
            if kept.count < due { wanting.append((worker, due - kept.count)) }
        }

        // The free shards go round among those who want some, so that what one dead worker served is spread.
        var turn = 0
        for shard in Shard.all where assigned[shard] == nil {
            if turn >= wanting.count { turn = 0 }
            assigned[shard] = wanting[turn].worker
            wanting[turn].count -= 1
            if wanting[turn].count == 0 { wanting.remove(at: turn) } else { turn += 1 }
        }
        return assigned
    }
}
