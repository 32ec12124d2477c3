import FreePort
import HalleyBroker
import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import NIOPosix
import Testing

/// A server on an event loop of its own and a free port, over a broker in memory that confirms at once.
final class SocketFixture: Sendable {
    private final class Parts {
        let broker: MemoryBroker
        let hub: Hub
        let server: TransportServer

        init(bounds: ConnectionBounds, ringEvents: Int, eventLoop: any EventLoop) throws {
            broker = MemoryBroker(on: eventLoop)
            hub = Hub(
                broker: broker,
                bounds: HubBounds(
                    channels: 100, linger: .seconds(60), ringEvents: ringEvents, ringBytes: 1 << 20,
                    ringTotalBytes: 1 << 24),
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

    private init(bounds: ConnectionBounds, ringEvents: Int, eventLoop: any EventLoop) async throws {
        self.eventLoop = eventLoop
        let (parts, address) = try await eventLoop.flatSubmit {
            eventLoop.makeCompletedFuture {
                try NIOLoopBound(
                    Parts(bounds: bounds, ringEvents: ringEvents, eventLoop: eventLoop), eventLoop: eventLoop)
            }.flatMap { parts in
                parts.value.server.start(host: "127.0.0.1", port: FreePort.next()).map { (parts, $0) }
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
        ringEvents: Int = 1_000,
        _ body: (SocketFixture) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var bounds = ConnectionBounds.test
        bounds.connections = connections
        bounds.outboundBytes = outboundBytes
        bounds.head = head
        do {
            try await body(SocketFixture(bounds: bounds, ringEvents: ringEvents, eventLoop: group.next()))
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
