import HalleyBroker
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct RedisHealthTests {
    @Test func turnsRedAndGreen() async throws {
        let server = try await RedisServer()
        let health = RedisHealth(to: server.endpoint, cluster: .standard, on: server.eventLoop, logger: .quiet)
        #expect(await !health.readiness().isReady)
        health.start()
        defer { health.stop() }
        try await eventually { await health.readiness().isReady }
        #expect(try await health.commands.send("FCALL", "halley_version", 0).integer != nil)
        server.kill()
        try await eventually { await !health.readiness().isReady }
        try await server.start()
        try await eventually { await health.readiness().isReady }
    }
}
