import HalleyCluster
import HalleyCore

/// What the leader does about the shard map, decided from what is remembered, stored and alive.
package enum MapPlan: Equatable {
    /// There is no map and nobody to make one of.
    case none
    /// The map is right as it is.
    case keep(ShardMap)
    /// A new map is due.
    /// - `after`: the newest generation seen anywhere, which the new one must be later than.
    case write(owners: [Shard: WorkerID], after: EventID?)

    /// - Parameters:
    ///   - remembered: the last map that this coordinator read or wrote. Redis may have forgotten it.
    ///   - stored: the map in Redis.
    ///   - router: a later generation that was found in a router, whose map would not be replaced by an earlier one.
    ///   - alive: the workers that are to own shards. While there is none the map stays: nobody could serve them better.
    package init(remembered: ShardMap?, stored: ShardMap?, router: EventID?, alive: Set<WorkerID>) {
        let maps = [stored, remembered].compactMap { $0 }
        guard let base = maps.max(by: { $0.generation < $1.generation }) else {
            self =
                alive.isEmpty ? .none : .write(owners: Assignment.assign(previous: [:], workers: alive), after: router)
            return
        }
        guard !alive.isEmpty else {
            self = .keep(base)
            return
        }
        let owners = Assignment.assign(previous: base.owners, workers: alive)
        let isStored = stored?.generation == base.generation
        let isNewest = router.map { $0 <= base.generation } ?? true
        if owners == base.owners, isStored, isNewest {
            self = .keep(base)
        } else {
            self = .write(owners: owners, after: max(base.generation, router ?? .zero))
        }
    }
}
