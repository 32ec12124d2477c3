import HalleyCluster
import HalleyCore
import HalleyRedis
import Testing

struct ShardMapStoreTests {
    private func map(_ milliseconds: UInt64, _ counter: UInt64, workers numbers: ClosedRange<Int> = 1...3) -> ShardMap {
        ShardMap(
            generation: EventID(milliseconds: milliseconds, counter: counter), leader: "coordinator-1",
            owners: Assignment.assign(previous: [:], workers: workers(numbers)))
    }

    @Test func `the leader writes, anyone reads`() async throws {
        try await withRedis { redis in
            let store = ShardMapStore(redis: redis, name: .standard)
            #expect(try await store.read() == nil)
            try await redis.send("SET", "halley/leader", "token")
            try await store.write(map(1_795_359_771_922, 0), token: "token")
            #expect(try await store.read() == map(1_795_359_771_922, 0))
            try await store.write(map(1_795_359_771_922, 1, workers: 1...2), token: "token")
            #expect(try await store.read() == map(1_795_359_771_922, 1, workers: 1...2))
        }
    }

    @Test func `who doesn't lead writes nothing`() async throws {
        try await withRedis { redis in
            let store = ShardMapStore(redis: redis, name: .standard)
            await #expect(throws: ShardMapError.deposed) { try await store.write(map(1, 0), token: "token") }
            try await redis.send("SET", "halley/leader", "another")
            await #expect(throws: ShardMapError.deposed) { try await store.write(map(1, 0), token: "token") }
            #expect(try await store.read() == nil)
        }
    }

    /// Numbers, not texts: `10-0` is newer than `9-0`.
    @Test func `an older generation writes nothing`() async throws {
        try await withRedis { redis in
            let store = ShardMapStore(redis: redis, name: .standard)
            try await redis.send("SET", "halley/leader", "token")
            try await store.write(map(9, 0), token: "token")
            try await store.write(map(10, 9), token: "token")
            try await store.write(map(10, 10), token: "token")
            for old in [map(10, 10), map(10, 9), map(9, 99)] {
                await #expect(throws: ShardMapError.outdated(newest: EventID(milliseconds: 10, counter: 10))) {
                    try await store.write(old, token: "token")
                }
            }
            #expect(try await store.read() == map(10, 10))
        }
    }

    @Test func `a damaged map is replaced`() async throws {
        try await withRedis { redis in
            let store = ShardMapStore(redis: redis, name: .standard)
            try await redis.send("SET", "halley/leader", "token")
            try await redis.send("HSET", "halley/shards", "generation", "yesterday", "s1", "worker-9")
            #expect(try await store.read() == nil)
            try await store.write(map(1, 0), token: "token")
            #expect(try await store.read() == map(1, 0))
        }
    }
}
