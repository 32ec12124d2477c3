import HalleyCore
import HalleyHub
import HalleyRedis
import HalleyTransports
import HalleyWorker
import Logging
import NIOCore
import NIOPosix
import RedisFixture
import ServiceLifecycle
import Synchronization
import Testing

/// A whole worker against a real Redis.
@Suite struct WorkerTests {
    private func settings(redis: RedisServer, port: Int = 0) throws -> WorkerSettings {
        WorkerSettings(
            id: try #require(WorkerID("worker-1")), cluster: .standard, redis: redis.endpoint,
            listen: HostAndPort(host: "127.0.0.1", port: port), advertise: nil,
            connections: ConnectionBounds(
                connections: 100, outboundBytes: 65_536, heartbeat: .seconds(15), poll: .seconds(25),
                head: .seconds(10),
                idle: .seconds(75), join: .seconds(5)),
            hub: HubBounds(
                channels: 100, linger: .seconds(60), ringEvents: 1_000, ringBytes: 1 << 20, ringTotalBytes: 1 << 24),
            lease: .seconds(5), beat: .seconds(2), stop: .seconds(3), ticketKeys: nil)
    }

    /// What the registry says of the worker.
    private func record(_ redis: RedisConnection) async throws -> [String] {
        try await redis.send("HGETALL", "halley/workers/worker-1").array?.compactMap(\.string) ?? []
    }

    /// One long poll, and what happens while it waits.
    private func poll(port: Int, meanwhile: () async throws -> Void) async throws -> String {
        let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await client.executeThenClose { inbound, outbound in
            let target = "/events?channel=news&transport=long-poll"
            try await outbound.write(
                ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
            try await meanwhile()
            var answer = ""
            for try await buffer in inbound { answer += String(buffer: buffer) }
            return answer
        }
    }

    @Test func registersDeliversAndTakesLeave() async throws {
        let redis = try await RedisServer()
        let connection = try await redis.connect()
        let group = ServiceGroup(
            services: [Worker(settings: try settings(redis: redis), logger: .quiet)], logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually(within: .seconds(10)) { try await !record(connection).isEmpty }
            let fields = try await record(connection)
            let address = try #require(fields.first { $0.hasPrefix("127.0.0.1:") })
            #expect(fields.contains("ready"))
            #expect(try await connection.send("PTTL", "halley/workers/worker-1").integer ?? 0 > 3_000)
            #expect(try await connection.send("SMEMBERS", "halley/workers").array?.compactMap(\.string) == ["worker-1"])

            let port = try #require(HostAndPort(address)?.port)
            let answer = try await poll(port: port) {
                try await eventually(within: .seconds(5)) {
                    try await connection.send("PUBLISH", "halley:news", "hello").integer == 1
                }
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nHalley-Worker: worker-1\r\n"))
            #expect(answer.contains(#""channel":"news""#))
            #expect(answer.contains(#""data":"hello""#))

            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(try await record(connection).isEmpty)
        connection.close()
    }

    @Test func anAddressThatIsTakenStopsTheStartWithOneLine() async throws {
        let redis = try await RedisServer()
        let taken = Mutex<Int?>(nil)
        let first = ServiceGroup(
            services: [Worker(settings: try settings(redis: redis), logger: .quiet)], logger: .quiet)
        let connection = try await redis.connect()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await first.run() }
            try await eventually(within: .seconds(10)) {
                let address = try await record(connection).first { $0.hasPrefix("127.0.0.1:") }
                taken.withLock { $0 = address.flatMap { HostAndPort($0)?.port } }
                return address != nil
            }
            let port = try #require(taken.withLock { $0 })
            do {
                try await Worker(settings: try settings(redis: redis, port: port), logger: .quiet).run()
                Issue.record("it started")
            } catch let error as WorkerError {
                let line = error.description
                #expect(line.hasPrefix("--listen 127.0.0.1:\(port): "))
                #expect(!line.contains("\n"))
            }
            await first.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        connection.close()
    }
}
