import HalleyCluster
import HalleyCore
import HalleyRedis
import Testing

struct LeaderLeaseTests {
    private func lease(_ redis: RedisCommandLink, _ coordinator: String) -> LeaderLease {
        LeaderLease(redis: redis, name: .standard, coordinator: coordinator, lease: .seconds(5))
    }

    @Test func `one of two gets it, renews it, and gives it back`() async throws {
        try await withRedis { redis in
            let (one, two) = (lease(redis, "coordinator-1"), lease(redis, "coordinator-2"))
            #expect(try await one.request() == .acquired)
            #expect(try await two.request() == .held)
            #expect(try await one.request() == .renewed)
            try await two.resign()
            #expect(try await one.request() == .renewed)
            try await one.resign()
            #expect(try await two.request() == .acquired)
        }
    }

    @Test func `two starts of one coordinator are two`() async throws {
        try await withRedis { redis in
            let answers = (
                try await lease(redis, "coordinator-1").request(), try await lease(redis, "coordinator-1").request()
            )
            #expect(answers == (.acquired, .held))
        }
    }

    @Test func `a renewal is for a full term`() async throws {
        try await withRedis { redis in
            let lease = lease(redis, "coordinator-1")
            #expect(try await lease.request() == .acquired)
            try await redis.send("PEXPIRE", "halley/leader", 500)
            #expect(try await lease.request() == .renewed)
            #expect(try await redis.send("PTTL", "halley/leader").integer ?? 0 > 4_000)
        }
    }
}
