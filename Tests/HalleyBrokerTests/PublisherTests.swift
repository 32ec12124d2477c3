import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct PublisherTests {
    @Test func countsReceivers() async throws {
        let server = try await RedisServer()
        let publisher = RedisPublisher(try await server.connect(), cluster: .standard)
        let channel = try Channel("news")
        #expect(try await publisher.publishLive(channel, payload: []) == 0)
        let listener = try await BrokerListenerOnLoop(server)
        try await listener.subscribe(channel)
        let payload = (0...255).map { UInt8($0) } + Array("%s\r\n".utf8)
        #expect(try await publisher.publishLive(channel, payload: payload) == 1)
        try await listener.wait(for: .received(channel, payload))
    }

    @Test func failsWithoutRedis() async throws {
        let server = try await RedisServer()
        let publisher = RedisPublisher(try await server.connect(), cluster: .standard)
        server.kill()
        await #expect(throws: RedisError.self) { try await publisher.publishLive(try Channel("news"), payload: []) }
    }
}
