import HalleyBroker
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct MemoryPolicyTests {
    @Test func complainsUnlessNothingIsEvicted() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        let policy = MemoryPolicy()
        #expect(policy.complaint == nil)
        try await policy.check(on: redis)
        #expect(policy.complaint == nil)
        try await redis.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try await policy.check(on: redis)
        #expect(policy.complaint == "Redis' maxmemory-policy is allkeys-lru; set it to noeviction")
        try await redis.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await policy.check(on: redis)
        #expect(policy.complaint == nil)
    }

    @Test func toleratesWhatItMayNotKnow() async throws {
        let server = try await RedisServer("--maxmemory-policy", "allkeys-lru")
        let redis = try await server.connect()
        let policy = MemoryPolicy()
        try await policy.check(on: redis)
        #expect(policy.complaint != nil)
        try await redis.send("ACL", "SETUSER", "default", "-config")
        try await policy.check(on: redis)
        #expect(policy.complaint == nil)
    }
}
