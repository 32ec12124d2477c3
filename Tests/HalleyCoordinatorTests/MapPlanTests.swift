import HalleyCluster
import HalleyCoordinator
import HalleyCore
import Testing

struct MapPlanTests {
    private func map(_ generation: UInt64, _ workers: Set<WorkerID>) -> ShardMap {
        ShardMap(
            generation: EventID(milliseconds: generation, counter: 0), leader: "coordinator-1",
            owners: Assignment.assign(previous: [:], workers: workers))
    }

    private func id(_ milliseconds: UInt64) -> EventID { EventID(milliseconds: milliseconds, counter: 0) }

    @Test func `nobody and nothing`() {
        #expect(MapPlan(remembered: nil, stored: nil, router: nil, alive: []) == .none)
    }

    @Test func `the first worker gets a first map`() {
        let plan = MapPlan(remembered: nil, stored: nil, router: nil, alive: [worker(1)])
        #expect(plan == .write(owners: map(1, [worker(1)]).owners, after: nil))
    }

    @Test func `a map that fits is kept`() {
        let map = map(5, [worker(1), worker(2)])
        #expect(MapPlan(remembered: map, stored: map, router: nil, alive: [worker(1), worker(2)]) == .keep(map))
        #expect(MapPlan(remembered: nil, stored: map, router: nil, alive: [worker(1), worker(2)]) == .keep(map))
        #expect(MapPlan(remembered: map, stored: map, router: id(5), alive: [worker(1), worker(2)]) == .keep(map))
    }

    @Test func `without any worker the map stays`() {
        let map = map(5, [worker(1)])
        #expect(MapPlan(remembered: map, stored: nil, router: nil, alive: []) == .keep(map))
    }

    @Test func `a map that Redis lost is written again, under a later generation`() {
        let map = map(5, [worker(1)])
        let plan = MapPlan(remembered: map, stored: nil, router: nil, alive: [worker(1)])
        #expect(plan == .write(owners: map.owners, after: id(5)))
    }

    @Test func `an old map from a backup doesn't win`() {
        let (old, new) = (map(3, [worker(1)]), map(5, [worker(1), worker(2)]))
        let plan = MapPlan(remembered: new, stored: old, router: nil, alive: [worker(1), worker(2)])
        #expect(plan == .write(owners: new.owners, after: id(5)))
    }

    @Test func `another leader's newer map is the base of ours`() {
        let (old, new) = (map(3, [worker(1)]), map(5, [worker(2)]))
        #expect(MapPlan(remembered: old, stored: new, router: nil, alive: [worker(2)]) == .keep(new))
    }

    @Test func `a router with a later generation gets a later one still`() {
        let map = map(5, [worker(1)])
        let plan = MapPlan(remembered: map, stored: map, router: id(9), alive: [worker(1)])
        #expect(plan == .write(owners: map.owners, after: id(9)))
    }

    @Test func `a hole is filled`() {
        let whole = map(5, [worker(1), worker(2)])
        var owners = whole.owners
        owners[Shard.all[9]] = nil
        let holed = ShardMap(generation: whole.generation, leader: whole.leader, owners: owners)
        let plan = MapPlan(remembered: whole, stored: holed, router: nil, alive: [worker(1), worker(2)])
        #expect(plan == .write(owners: whole.owners, after: id(5)))
    }
}
