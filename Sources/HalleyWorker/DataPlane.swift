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
            hub: hub, bounds: settings.connections, name: settings.id.description, eventLoop: eventLoop
        ) { request in
            switch request.path {
            case "/health/live": health.live()
            case "/health/ready": health.ready(broker.readiness)
            default: nil
            }
        }
        server.ticketKeys = settings.ticketKeys
    }

    func report() -> Presence.Report {
        Presence.Report(connections: server.heldRequests, isReady: broker.readiness.isReady)
    }
}
