import HalleyBroker
import HalleyCore
import HalleyHub
import HalleyTransports
import Logging
import NIOCore

/// All of a worker that lives on its event loop: the broker, the hub, the connections.
final class DataPlane {
    let broker: RedisBroker
    let server: TransportServer
    private let hub: Hub

    init(settings: WorkerSettings, incarnation: Incarnation, eventLoop: any EventLoop, logger: Logger) {
        let broker = RedisBroker(to: settings.redis, cluster: settings.cluster, on: eventLoop, logger: logger)
        self.broker = broker
        hub = Hub(broker: broker, bounds: settings.hub, incarnation: incarnation)
        let health = Health(worker: settings.id, incarnation: incarnation)
        server = TransportServer(
            hub: hub, bounds: settings.connections, rules: settings.rules, name: settings.id.description,
            eventLoop: eventLoop
        ) { request in
            switch request.path {
            case "/health/live": health.live()
            case "/health/ready": health.ready(broker.readiness)
            default: nil
            }
        }
        server.ticketKeys = settings.ticketKeys
        server.echoesWebSockets = settings.echoesWebSockets
        if settings.echoesWebSockets {
            logger.warning(
                """
                /ws-echo IS SERVED (--ws-echo-for-tests): whoever reaches this worker may have it echo as much as he likes. \
                For conformance tests only; never on a worker that serves clients
                """)
        }
    }

    func report() -> Presence.Report {
        Presence.Report(connections: server.heldRequests, isReady: broker.readiness.isReady)
    }
}
