import HalleyCoordinator
import HalleyCore
import Testing

struct PlacementTests {
    private let start = ContinuousClock.now
    private let owners = Dictionary(uniqueKeysWithValues: Shard.all.map { ($0, worker($0.index % 3)) })

    @Test func `sixteen sessions in a row get sixteen hostnames, and their shards too`() {
        var generator = SplitMix64(state: 1)
        for round in 0..<200 {
            var placement = Placement()
            // The loads may be as uneven as they like.
            if round % 2 == 1 {
                placement.update(owners: owners, connections: [worker(0): 0, worker(1): 9_000, worker(2): 7])
            }
            for _ in 0..<20 {
                let labels = (0..<16).map { _ in placement.next(now: start, using: &generator) }
                #expect(Set(labels).count == 16)
                #expect(Set(labels.map(\.shard)).count == 16)
            }
        }
    }

    @Test(arguments: [Duration.zero, .milliseconds(1), .seconds(1), .seconds(60)])
    func `10,000 sessions are spread evenly, however fast they come`(gap: Duration) {
        var generator = SplitMix64(state: 2)
        var placement = Placement()
        placement.update(owners: owners, connections: [worker(0): 100, worker(1): 99, worker(2): 101])
        var counts = [Int](repeating: 0, count: Shard.count)
        for turn in 0..<10_000 {
            counts[placement.next(now: start + gap * turn, using: &generator).shard.index] += 1
        }
        let mean = 10_000.0 / Double(Shard.count)
        #expect(Double(counts.max() ?? 0) / mean < 1.3)
    }

    @Test func `a client that comes back with a worker's live cursor gets a shard of that worker`() {
        var generator = SplitMix64(state: 4)
        var placement = Placement()
        placement.update(owners: owners, connections: [worker(0): 0, worker(1): 9_000, worker(2): 0])
        for _ in 0..<100 {
            let label = placement.next(now: start, near: worker(1), using: &generator)
            #expect(owners[label.shard] == worker(1))
        }
        // One that owns nothing can't be asked for.
        let label = placement.next(now: start, near: worker(9), using: &generator)
        #expect(owners[label.shard] != worker(9))
    }

    @Test(arguments: 0..<100)
    func `few sessions are spread over the workers as evenly as many`(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var placement = Placement()
        placement.update(owners: owners, connections: [:])
        var counts: [WorkerID: Int] = [:]
        for turn in 0..<12 {
            let shard = placement.next(now: start + .milliseconds(7) * turn, using: &generator).shard
            if let owner = owners[shard] { counts[owner, default: 0] += 1 }
        }
        #expect(counts.values.sorted() == [4, 4, 4])
    }

    @Test func `lanes are drawn evenly`() {
        var generator = SplitMix64(state: 3)
        var placement = Placement()
        var counts: [String: Int] = [:]
        for _ in 0..<26_000 {
            counts[placement.next(now: start, using: &generator).lane?.description ?? "none", default: 0] += 1
        }
        #expect(counts.count == 26)
        #expect(counts.values.allSatisfy { (800...1_200).contains($0) })
    }

    @Test func `a worker with fewer connections gets more sessions`() {
        var generator = SplitMix64(state: 4)
        var placement = Placement()
        placement.update(owners: owners, connections: [worker(0): 0, worker(1): 10_000, worker(2): 10_000])
        var counts: [WorkerID: Int] = [:]
        for _ in 0..<1_000 {
            let shard = placement.next(now: start, using: &generator).shard
            if let owner = owners[shard] { counts[owner, default: 0] += 1 }
        }
        #expect(counts[worker(0), default: 0] > 600)
    }

    @Test func `two coordinators don't begin with the same shard`() {
        var generator = SplitMix64(state: 5)
        let firsts = (0..<64).map { _ in
            var placement = Placement()
            return placement.next(now: start, using: &generator).shard
        }
        #expect(Set(firsts).count > 20)
    }
}
