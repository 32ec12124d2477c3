import HalleyCluster
import HalleyCore
import HalleyRedis
import HalleyTransports
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A process that holds client connections: one event loop that never waits, and beside it the few words that the
/// cluster is told of it.
public struct Worker: Service {
    private let settings: WorkerSettings
    private let logger: Logger

    /// A worker that does nothing until ``run()``.
    public init(settings: WorkerSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// Serves until the graceful shutdown: then says that it is leaving, waits until its shards have moved, ends what it
    /// holds so that clients come back elsewhere, and returns.
    ///
    /// - Throws: ``WorkerError`` when the address can't be listened on.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(on: group.next())
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(on eventLoop: any EventLoop) async throws {
        let incarnation = Incarnation.random()
        let settings = settings
        let logger = logger
        let plane = try await eventLoop.submit {
            let plane = DataPlane(settings: settings, incarnation: incarnation, eventLoop: eventLoop, logger: logger)
            plane.broker.start()
            return NIOLoopBound(plane, eventLoop: eventLoop)
        }.get()
        let address = try await listen(plane, on: eventLoop)
        let commands = try await eventLoop.submit { plane.value.broker.commands }.get()
        let presence = Presence(
            settings: settings, address: address, incarnation: incarnation, redis: commands, logger: logger)
        logger.info(
            "listening",
            metadata: ["worker": "\(settings.id)", "address": "\(address)", "incarnation": "\(incarnation)"])

        await cancelWhenGracefulShutdown {
            await presence.announce {
                try await eventLoop.submit { plane.value.report() }.get()
            } onTicketKeys: { keys in
                eventLoop.execute { plane.value.server.ticketKeys = keys }
            }
        }
        await stop(plane, presence: presence, on: eventLoop)
    }

    private func listen(_ plane: NIOLoopBound<DataPlane>, on eventLoop: any EventLoop) async throws -> WorkerAddress {
        let listen = settings.listen
        let bound: SocketAddress?
        do {
            bound = try await eventLoop.flatSubmit {
                plane.value.server.start(host: listen.host, port: listen.port)
            }.get()
        } catch {
            throw WorkerError.cannotListen(listen, "\(error)")
        }
        let own = HostAndPort(host: listen.host, port: bound?.port ?? listen.port)
        guard let address = try AdvertisedAddress.choose(configured: settings.advertise, listening: own) else {
            throw WorkerError.noAddress(own)
        }
        return address
    }

    private func stop(_ plane: NIOLoopBound<DataPlane>, presence: Presence, on eventLoop: any EventLoop) async {
        let end = ContinuousClock.now + .nanoseconds(settings.stop.nanoseconds)
        logger.info("leaving: the shards move first")
        await presence.leave(until: end)
        try? await eventLoop.submit { plane.value.server.stop() }.get()
        while ContinuousClock.now < end, (try? await eventLoop.submit { plane.value.server.isIdle }.get()) == false {
            try? await Task.sleep(for: .milliseconds(50))
        }
        try? await eventLoop.submit { plane.value.broker.stop() }.get()
        logger.info("left")
    }
}

/// Why a worker can't start.
public enum WorkerError: Error, CustomStringConvertible {
    /// The address, and what the system said.
    case cannotListen(HostAndPort, String)
    /// It listens on all addresses, and this machine has none that another could reach.
    case noAddress(HostAndPort)

    /// One line: what was asked for, what is wrong with it, what to do.
    public var description: String {
        switch self {
        case .cannotListen(let address, let reason):
            "--listen \(address): \(reason); choose an address of this machine and a port that nobody else has"
        case .noAddress(let address):
            "--listen \(address): this machine has no address to give to the router; name one with --advertise"
        }
    }
}
