import HalleyRedis
import Logging
import NIOCore
import NIOPosix
import RedisFixture

/// A pub/sub link that remembers all it was told, for use from a test's task.
final class PubSubListener: Sendable {
    enum Event: Hashable, Sendable {
        case connected
        case subscribed(String)
        case received(String, [UInt8])
        case lost
    }

    private final class Recorder: RedisPubSubDelegate {
        let link: RedisPubSubLink
        var events: [Event] = []

        init(link: RedisPubSubLink) {
            self.link = link
            link.delegate = self
        }

        func pubSubConnected() { events.append(.connected) }
        func pubSubSubscribed(to channel: String) { events.append(.subscribed(channel)) }
        func pubSubReceived(_ payload: [UInt8], on channel: String) { events.append(.received(channel, payload)) }
        func pubSubLost(_ reason: RedisError) { events.append(.lost) }
    }

    let eventLoop: any EventLoop
    private let recorder: NIOLoopBoundBox<Recorder>

    init(_ endpoint: RedisEndpoint, options: RedisLinkOptions = RedisLinkOptions()) async throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        self.eventLoop = eventLoop
        recorder = try await eventLoop.submit {
            let link = RedisPubSubLink(to: endpoint, on: eventLoop, options: options, logger: .quiet)
            let recorder = Recorder(link: link)
            // Last: over a Unix socket the link may be up before this returns.
            link.start()
            return NIOLoopBoundBox(recorder, eventLoop: eventLoop)
        }.get()
    }

    func close() { eventLoop.execute { self.recorder.value.link.close() } }

    /// Everything in one turn of the event loop.
    func change(_ changes: @escaping @Sendable (RedisPubSubLink) -> Void) async throws {
        try await eventLoop.submit { changes(self.recorder.value.link) }.get()
    }

    func subscribe(_ channels: String...) async throws {
        try await change { link in for channel in channels { link.subscribe(channel) } }
        try await eventually { try await self.events().contains(.subscribed(channels.last ?? "")) }
    }

    func ping() async throws { try await eventLoop.flatSubmit { self.recorder.value.link.ping() }.get() }

    func events() async throws -> [Event] { try await eventLoop.submit { self.recorder.value.events }.get() }

    func forget() async throws { try await eventLoop.submit { self.recorder.value.events = [] }.get() }

    func wait(within patience: Duration = .seconds(5), for event: Event) async throws {
        try await eventually(within: patience) { try await self.events().contains(event) }
    }
}
