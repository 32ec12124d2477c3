import HalleyCore
import HalleyRedis
import Logging
import NIOCore

/// Redis for a process that delivers nothing, such as a coordinator: a link for commands, and the same proof as a worker
/// has that Redis' pub/sub is heard. Safe from anywhere.
public final class RedisHealth: Sendable {
    /// The link for commands. Every connection of it has the function library.
    public let commands: RedisCommandLink

    private let eventLoop: any EventLoop
    private let broker: NIOLoopBoundBox<RedisBroker>

    /// Links that do nothing until ``start()``.
    /// - Parameter options: the bounds of both links.
    public init(
        to endpoint: RedisEndpoint, cluster: ClusterName, on eventLoop: any EventLoop,
        options: RedisLinkOptions = RedisLinkOptions(), logger: Logger
    ) {
        self.eventLoop = eventLoop
        let broker = RedisBroker(to: endpoint, cluster: cluster, on: eventLoop, options: options, logger: logger)
        commands = broker.commands
        self.broker = .makeBoxSendingValue(broker, eventLoop: eventLoop)
    }

    /// Begins to connect, and goes on for ever.
    public func start() { eventLoop.execute { self.broker.value.start() } }

    /// Ends for good.
    public func stop() { eventLoop.execute { self.broker.value.stop() } }

    /// Whether Redis can be relied upon just now.
    public func readiness() async -> Readiness {
        let answer = eventLoop.submit { self.broker.value.readiness }
        return (try? await answer.get()) ?? Readiness(reasons: ["the event loop has been shut down"])
    }
}
