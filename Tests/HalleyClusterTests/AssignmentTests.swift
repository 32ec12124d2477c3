import HalleyCluster
import HalleyCore
import Testing
import ThreadGate

struct AssignmentTests {
    @Test func `no worker, no owner`() {
        #expect(Assignment.assign(previous: [:], workers: []).isEmpty)
        #expect(Assignment.assign(previous: [Shard.all[3]: worker(1)], workers: []).isEmpty)
    }

    @Test func `one worker owns everything`() {
        let owners = Assignment.assign(previous: [:], workers: [worker(1)])
        #expect(owners.count == Shard.count)
        #expect(Set(owners.values) == [worker(1)])
    }

    @Test func `an assignment that fits stays as it is`() {
        let owners = Assignment.assign(previous: [:], workers: workers(1...3))
        #expect(Assignment.assign(previous: owners, workers: workers(1...3)) == owners)
    }

    @Test func `from three workers to five, 25 of 64 shards move`() {
        let three = Assignment.assign(previous: [:], workers: workers(1...3))
        let five = Assignment.assign(previous: three, workers: workers(1...5))
        #expect(moved(three, five) == 25)
        #expect(Set(sizes(five, workers(1...5)).values) == [12, 13])
    }

    @Test func `what a dead worker served is spread over all that live`() {
        let four = Assignment.assign(previous: [:], workers: workers(1...4))
        let three = Assignment.assign(previous: four, workers: workers(2...4))
        let heirs = Shard.all.filter { four[$0] == worker(1) }.compactMap { three[$0] }
        #expect(Set(heirs) == workers(2...4))
        #expect(moved(four, three) == 16)
    }

    @Test func `more workers than shards leave some without`() {
        let owners = Assignment.assign(previous: [:], workers: workers(1...70))
        #expect(owners.count == Shard.count)
        #expect(sizes(owners, workers(1...70)).values.max() == 1)
    }

    /// Workers join, leave and die at random; after every step the new map is checked against the three promises.
    @Test(.occupiesThread) func `10,000 random sequences stay complete, balanced and cheap`() {
        var generator = SplitMix64(state: 0x1759)
        for _ in 0..<10_000 {
            var alive: Set<WorkerID> = []
            var owners: [Shard: WorkerID] = [:]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0, 1:
                    for _ in 0..<Int.random(in: 1...4, using: &generator) {
                        alive.insert(worker(.random(in: 0..<20, using: &generator)))
                    }
                case 2:
                    if let one = alive.randomElement(using: &generator) { alive.remove(one) }
                default:
                    alive = alive.filter { _ in Bool.random(using: &generator) }
                }
                // Now and then a map that no assignment made: holes, and owners in wild proportions.
                if Int.random(in: 0..<8, using: &generator) == 0 {
                    for shard in Shard.all {
                        owners[shard] =
                            Int.random(in: 0..<4, using: &generator) == 0
                            ? nil : worker(Int.random(in: 0..<20, using: &generator) & 7)
                    }
                }

                let next = Assignment.assign(previous: owners, workers: alive)
                guard !alive.isEmpty else {
                    #expect(next.isEmpty)
                    continue
                }
                let sizes = sizes(next, alive)
                #expect(next.count == Shard.count)
                #expect(Set(next.values).isSubset(of: alive))
                #expect((sizes.values.max() ?? 0) - (sizes.values.min() ?? 0) <= 1)
                #expect(moved(owners, next) == fewestMoves(from: owners, to: alive))
                #expect(Assignment.assign(previous: owners, workers: alive) == next)
                owners = next
            }
        }
    }
}

/// The fewest shards that any complete and balanced assignment moves, found by going through all ways to hand out the
/// larger shares: `best[k]` is the most that can stay when k of the workers seen so far own one shard more.
private func fewestMoves(from previous: [Shard: WorkerID], to workers: Set<WorkerID>) -> Int {
    let (share, larger) = Shard.count.quotientAndRemainder(dividingBy: workers.count)
    var best: [Int?] = [0] + Array(repeating: nil, count: larger)
    for worker in workers {
        let count = previous.values.count { $0 == worker }
        var next: [Int?] = Array(repeating: nil, count: larger + 1)
        for (given, stay) in best.enumerated() {
            guard let stay else { continue }
            next[given] = max(next[given] ?? 0, stay + min(count, share))
            if given < larger { next[given + 1] = max(next[given + 1] ?? 0, stay + min(count, share + 1)) }
        }
        best = next
    }
    return Shard.count - (best[larger] ?? 0)
}

private func moved(_ previous: [Shard: WorkerID], _ next: [Shard: WorkerID]) -> Int {
    Shard.all.count { previous[$0] != next[$0] }
}

private func sizes(_ owners: [Shard: WorkerID], _ workers: Set<WorkerID>) -> [WorkerID: Int] {
    owners.values.reduce(into: Dictionary(uniqueKeysWithValues: workers.map { ($0, 0) })) { $0[$1, default: 0] += 1 }
}
