import Glibc
import HalleyBroker
import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import NIOPosix
import Testing

/// What only real sockets show.
@Suite struct TransportServerTests {
    @Test func aClientReadsWhatIsPublished() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/events?channel=news", "Accept: text/event-stream"))
            #expect(client.read(until: "id: ") == .enough)
            try await fixture.publish(["hello"])
            #expect(client.read(until: "data: hello\n") == .enough)
        }
    }

    /// A head over several receive buffers, in odd pieces.
    @Test func aLongHeadIsReadWhole() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            let request = get("/events?channel=news", "X: " + String(repeating: "x", count: 15_000))
            for start in stride(from: 0, to: request.utf8.count, by: 777) {
                try client.send(String(request.utf8.dropFirst(start).prefix(777)) ?? "")
            }
            #expect(client.read(until: "{\"position\"") == .enough)
        }
    }

    @Test func aRefusalArrivesWholeThoughTheClientGoesOnSending() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send("nonsense\r\n\r\n" + String(repeating: "x", count: 200_000))
            #expect(client.read() == .end, "and no reset")
            #expect(try Answer.all(in: client.bytes).map(\.status) == [400])
        }
    }

    @Test func aClientThatIsRefusedAndNeverClosesIsClosed() async throws {
        try await SocketFixture.run(head: .milliseconds(200)) { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send("nonsense\r\n\r\n")
            defer { withExtendedLifetime(client) {} }
            #expect(client.read() == .end)
            try await fixture.eventually { $0.isIdle }
        }
    }

    @Test func aClientThatHalfClosesIsGone() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/events?channel=news"))
            defer { withExtendedLifetime(client) {} }
            client.read(until: "{\"position\"")
            client.closeOutput()
            try await fixture.eventually { $0.heldRequests == 0 && $0.isIdle }
        }
    }

    /// Far more than the bound on unsent bytes, in one turn of the loop, to a client that reads.
    @Test func aBurstInOneTurnIsNoSlowness() async throws {
        try await SocketFixture.run(outboundBytes: 65_536) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 1 << 20)
            try client.send(get("/events?channel=news"))
            client.read(until: "{\"position\"")
            let event = String(repeating: "x", count: 1_000) + "!"
            try await fixture.publish(Array(repeating: event, count: 110))
            #expect(client.read(until: "!", times: 110) == .enough)
        }
    }

    @Test func aClientThatNeverReadsIsClosedAndTheOthersMissNothing() async throws {
        try await SocketFixture.run { fixture in
            let slow = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            defer { withExtendedLifetime(slow) {} }
            let quick = try SocketClient(port: fixture.port, receiveBuffer: 1 << 20)
            for client in [slow, quick] { try client.send(get("/events?channel=news")) }
            quick.read(until: "{\"position\"")
            try await fixture.eventually { $0.heldRequests == 2 }
            let event = String(repeating: "x", count: 10_000) + "!"
            var published = 0
            while published < 500, try await fixture.held() == 2 {
                try await fixture.publish(Array(repeating: event, count: 5))
                published += 5
                #expect(quick.read(until: "!", times: published) == .enough)
            }
            #expect(try await fixture.held() == 1, "the slow one has gone after \(published) events")
            try await fixture.publish(["last"])
            #expect(quick.read(until: "\"last\"") == .enough)
        }
    }

    @Test func aClientThatNeverReadsItsLastWordIsClosedInTime() async throws {
        try await SocketFixture.run(head: .milliseconds(500)) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            try client.send(get("/events?channel=news"))
            try await fixture.eventually { $0.heldRequests == 1 }
            try await fixture.publish(Array(repeating: String(repeating: "x", count: 10_000), count: 3))
            try await fixture.stop()
            try await fixture.eventually { $0.isIdle }
            withExtendedLifetime(client) {}
        }
    }

    @Test func stoppingEndsStreamsWholeAndAcceptsNobodyAnyMore() async throws {
        try await SocketFixture.run { fixture in
            let clients = try (0..<40).map { _ in try SocketClient(port: fixture.port) }
            for client in clients {
                try client.send(get("/events?channel=news", "Accept: text/event-stream"))
                client.read(until: "id: ")
            }
            try await fixture.stop()
            for client in clients {
                #expect(client.read() == .end)
                #expect(try Answer.all(in: client.bytes).map(\.isWhole) == [true])
            }
            #expect(throws: SocketClient.Refused(code: ECONNREFUSED)) { try SocketClient(port: fixture.port) }
            try await fixture.eventually { $0.heldRequests == 0 }
        }
    }

    @Test func socketsOverTheBoundAreClosedAndTheirRoomComesBack() async throws {
        try await SocketFixture.run(connections: 1) { fixture in
            let clients = try (0..<520).map { _ in try SocketClient(port: fixture.port) }
            // Freed as soon as nobody looks at them any more, they would make room too early.
            try withExtendedLifetime(clients) {
                let end = clients[519].read()
                #expect(end == .end || end == .error(ECONNRESET))
                try clients[0].send(get("/health/live"))
                #expect(clients[0].read(until: "200 OK") == .enough)
            }
            try await fixture.eventually { $0.isIdle }
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/health/live", "Connection: close"))
            client.read()
            #expect(try Answer.all(in: client.bytes).map(\.status) == [200])
        }
    }
}

/// A server on an event loop of its own and a free port, over a broker in memory that confirms at once.
private final class SocketFixture: Sendable {
    private final class Parts {
        let broker: MemoryBroker
        let hub: Hub
        let server: TransportServer

        init(bounds: ConnectionBounds, eventLoop: any EventLoop) throws {
            broker = MemoryBroker(on: eventLoop)
            hub = Hub(
                broker: broker,
                bounds: HubBounds(
                    channels: 100, linger: .seconds(60), ringEvents: 1_000, ringBytes: 1 << 20, ringTotalBytes: 1 << 24),
                incarnation: Incarnation(bits: 1))
            server = TransportServer(hub: hub, bounds: bounds, name: "worker-1", eventLoop: eventLoop) { request in
                request.path == "/health/live" ? HTTPResponse(status: .ok) : nil
            }
            broker.tick(
                Watermark(id: EventID(milliseconds: 1, counter: 0), era: try #require(Era("era100"))))
        }
    }

    private let eventLoop: any EventLoop
    private let parts: NIOLoopBound<Parts>
    let port: Int

    private init(bounds: ConnectionBounds, eventLoop: any EventLoop) async throws {
        self.eventLoop = eventLoop
        let (parts, address) = try await eventLoop.flatSubmit {
            eventLoop.makeCompletedFuture {
                try NIOLoopBound(Parts(bounds: bounds, eventLoop: eventLoop), eventLoop: eventLoop)
            }.flatMap { parts in
                parts.value.server.start(host: "127.0.0.1", port: 0).map { (parts, $0) }
            }
        }.get()
        self.parts = parts
        port = try #require(address?.port)
        // What a link to Redis does by itself: confirmations come in a later turn.
        _ = try await eventLoop.submit {
            eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(5)) { _ in
                parts.value.broker.settle()
            }
        }.get()
    }

    static func run(
        connections: Int = 1_000, outboundBytes: Int = 262_144, head: TimeAmount = .seconds(10),
        _ body: (SocketFixture) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var bounds = ConnectionBounds.test
        bounds.connections = connections
        bounds.outboundBytes = outboundBytes
        bounds.head = head
        do {
            try await body(SocketFixture(bounds: bounds, eventLoop: group.next()))
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    /// Publishes them all in one turn of the loop.
    func publish(_ texts: [String]) async throws {
        try await eventLoop.submit { [parts] in
            for text in texts { parts.value.broker.publish(Array(text.utf8), on: news) }
        }.get()
    }

    func stop() async throws {
        try await eventLoop.submit { [parts] in parts.value.server.stop() }.get()
    }

    func held() async throws -> Int {
        try await eventLoop.submit { [parts] in parts.value.server.heldRequests }.get()
    }

    /// Asks until it is so, for ten seconds at most.
    func eventually(_ condition: @escaping @Sendable (TransportServer) -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while !(try await eventLoop.submit { [parts] in condition(parts.value.server) }.get()) {
            try #require(ContinuousClock.now < end, "it never came to be")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
