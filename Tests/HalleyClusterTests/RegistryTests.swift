import HalleyCluster
import HalleyCore
import HalleyRedis
import Testing

struct RegistryTests {
    private func registry(_ redis: RedisCommandLink, leases: LeaseTimes = .standard) -> Registry {
        Registry(redis: redis, name: .standard, leases: leases, logger: .quiet)
    }

    @Test func `what registers is listed, until it is removed`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            #expect(try await registry.list() == Registry.Roll())
            #expect(try await registry.register(record(1)) == nil)
            #expect(try await registry.register(record(2, state: .draining, connections: 9)) == nil)
            var roll = Registry.Roll()
            roll.workers = [worker(1): record(1), worker(2): record(2, state: .draining, connections: 9)]
            #expect(try await registry.list() == roll)

            try await registry.remove(worker(1), incarnation: record(1).incarnation)
            roll.workers[worker(1)] = nil
            #expect(try await registry.list() == roll)
        }
    }

    @Test func `a heartbeat replaces the record and tells whose it replaced`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            try await registry.register(record(1))
            #expect(try await registry.register(record(1, connections: 5)) == record(1).incarnation)
            #expect(try await registry.list().workers[worker(1)]?.connections == 5)
        }
    }

    @Test func `a start in the meantime isn't removed by the one before`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            try await registry.register(record(1))
            try await registry.remove(worker(1), incarnation: Incarnation(bits: 99))
            #expect(try await registry.list().workers.keys.contains(worker(1)))
        }
    }

    @Test func `the lease is the one asked for`() async throws {
        try await withRedis { redis in
            try await registry(redis).register(record(1))
            let left = try await redis.send("PTTL", "halley/workers/worker-1").integer ?? 0
            #expect((4_000...5_000).contains(left))
        }
    }

    @Test func `who missed two heartbeats is absent, though the lease has moments left`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            try await registry.register(record(1))
            try await redis.send("PEXPIRE", "halley/workers/worker-1", 700)
            let roll = try await registry.list()
            #expect(roll.workers.isEmpty)
            #expect(roll.absent == [worker(1)])
        }
    }

    @Test func `who is gone is absent, and can be forgotten; who lives can't`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            try await registry.register(record(1))
            try await registry.register(record(2))
            try await redis.send("DEL", "halley/workers/worker-1")
            #expect(try await registry.list().absent == [worker(1)])
            try await registry.forget(worker(1))
            try await registry.forget(worker(2))
            let roll = try await registry.list()
            #expect(roll.absent.isEmpty)
            #expect(Array(roll.workers.keys) == [worker(2)])
        }
    }

    @Test func `records that can't be read are left out, the others stay`() async throws {
        try await withRedis { redis in
            let registry = registry(redis)
            try await registry.register(record(1))
            try await redis.send("SADD", "halley/workers", "a b\r\nFLUSHALL\r\n", "worker-3")
            try await redis.send("HSET", "halley/workers/worker-3", "address", "nowhere")
            try await redis.send("PEXPIRE", "halley/workers/worker-3", 5_000)
            #expect(try await registry.list().workers == [worker(1): record(1)])
        }
    }
}
