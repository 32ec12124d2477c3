import HalleyBroker
import HalleyCore
import HalleyRedis
import Logging
import NIOCore
import RedisFixture

/// Hears the ticks of the standard cluster.
final class TickListener: Sendable {
    private final class Ears: RedisPubSubDelegate {
        let link: RedisPubSubLink
        var isSubscribed = false
        var ticks: [String] = []

        init(_ link: RedisPubSubLink) {
            self.link = link
            link.delegate = self
        }

        func pubSubConnected() {}
        func pubSubSubscribed(to channel: String) { isSubscribed = true }
        func pubSubReceived(_ payload: [UInt8], on channel: String) {
            ticks.append(String(decoding: payload, as: UTF8.self))
        }
        func pubSubLost(_ reason: RedisError) { isSubscribed = false }
    }

    private let eventLoop: any EventLoop
    private let ears: NIOLoopBoundBox<Ears>

    /// Returns when Redis has confirmed the subscription.
    init(_ server: RedisServer) async throws {
        let eventLoop = server.eventLoop
        self.eventLoop = eventLoop
        ears = try await eventLoop.submit {
            let link = RedisPubSubLink(to: server.endpoint, on: eventLoop, logger: .quiet)
            let ears = Ears(link)
            link.subscribe(RedisKeys(.standard).tick)
            link.start()
            return NIOLoopBoundBox(ears, eventLoop: eventLoop)
        }.get()
        try await eventually { try await self.eventLoop.submit { self.ears.value.isSubscribed }.get() }
    }

    deinit {
        let ears = ears
        eventLoop.execute { ears.value.link.close() }
    }

    func ticks() async throws -> [String] { try await eventLoop.submit { self.ears.value.ticks }.get() }
}
