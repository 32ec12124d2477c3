import HalleyBroker
import HalleyCluster
import HalleyCore
import HalleyRedis
import HalleyRouter
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The control plane: elects a leader among the coordinators, keeps the shard map and the routers right, and answers
/// HTTP on two listeners. Never on an event's path: all coordinators may be absent and no held connection notices.
public struct Coordinator: Service {
    /// The two listeners.
    public enum Listener: String, Sendable {
        /// For everyone: `/session`, `/events`, the demo, `/health/live`.
        case `public`
        /// For administrators: everything.
        case admin
    }

    /// How many connections wait in the kernel to be accepted, per listener. A cluster's clients come back together.
    static let backlog = 1_024

    private let settings: CoordinatorSettings
    private let group: any EventLoopGroup
    private let logger: Logger
    private let pace: RequestPace.Bounds
    private let routers: [any RouterControl]
    private let onListening: @Sendable (Listener, Int) -> Void

    /// A coordinator that does nothing until ``run()``.
    /// - Parameter onListening: told of each listener's port once it takes connections.
    public init(
        _ settings: CoordinatorSettings, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger, onListening: @escaping @Sendable (Listener, Int) -> Void = { _, _ in }
    ) {
        self.init(
            settings, group: group, logger: logger, pace: RequestPace.Bounds(),
            routers: settings.routers.map { HAProxyRouter(address: $0, group: group, logger: logger) },
            onListening: onListening)
    }

    /// The same with another patience and other routers, for tests.
    package init(
        _ settings: CoordinatorSettings, group: any EventLoopGroup, logger: Logger, pace: RequestPace.Bounds,
        routers: [any RouterControl], onListening: @escaping @Sendable (Listener, Int) -> Void
    ) {
        self.settings = settings
        self.group = group
        self.logger = logger
        self.pace = pace
        self.routers = routers
        self.onListening = onListening
    }

    /// Runs until a graceful shutdown: then the listeners finish what they answer, the lease is given back, and the
    /// links to Redis are closed, in this order.
    public func run() async throws {
        let redis = RedisHealth(to: settings.redis, cluster: settings.cluster, on: group.next(), logger: logger)
        let view = ClusterView()
        let keys = KeyRing(settings.ticketKeys)
        let reign = Reign(lease: settings.leases.lease)
        let keepers = routers.map { RouterKeeper($0, holdsLease: { reign.holds }, logger: logger) }
        let loop = ControlLoop(
            ControlLoop.Parts(
                coordinator: settings.id, leases: settings.leases,
                lease: LeaderLease(
                    redis: redis.commands, name: settings.cluster, coordinator: settings.id,
                    lease: settings.leases.lease),
                reign: reign,
                registry: Registry(
                    redis: redis.commands, name: settings.cluster, leases: settings.leases, logger: logger),
                store: ShardMapStore(redis: redis.commands, name: settings.cluster),
                clock: GenerationClock(redis: redis.commands, keys: RedisKeys(settings.cluster)),
                ticketKeys: TicketKeyStore(redis: redis.commands, name: settings.cluster),
                retention: Retention(
                    redis: redis.commands, keys: RedisKeys(settings.cluster), milliseconds: settings.retention),
                keys: keys, view: view, keepers: keepers, connected: { try await redis.commands.ready() }),
            logger: logger)

        func listener(_ listener: Listener, _ address: HostAndPort, isOpen: Bool) -> some Service {
            let site = Site(
                settings: settings, isOpen: isOpen, view: view, keys: keys,
                publishing: Publishing(
                    publisher: RedisPublisher(redis.commands, cluster: settings.cluster), logger: logger),
                readiness: { await redis.readiness() }, logger: logger)
            return Application(
                responder: site,
                server: HTTPServerBuilder { [pace] responder in GuardedHTTP(responder: responder, bounds: pace) },
                configuration: ApplicationConfiguration(
                    address: .hostname(address.host, port: address.port), backlog: Self.backlog,
                    availableConnectionsDelegate: MaximumAvailableConnections(
                        GuardedHTTP.maximumConnections, logger: logger)),
                onServerRunning: { [onListening] channel in onListening(listener, channel.localAddress?.port ?? 0) },
                eventLoopGroupProvider: .shared(group), logger: logger)
        }
        let services: [any Service] =
            [RedisService(redis: redis)] + keepers + [
                loop, listener(.public, settings.listen, isOpen: settings.isOpen),
                listener(.admin, settings.admin, isOpen: true),
            ]
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
    }
}

/// Opens the links to Redis at the start and closes them at the end.
private struct RedisService: Service {
    let redis: RedisHealth

    func run() async {
        redis.start()
        try? await gracefulShutdown()
        redis.stop()
    }
}
