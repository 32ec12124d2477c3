import FreePort
import HalleyCluster
import HalleyCoordinator
import HalleyCore
import HalleyRedis
import HalleyRouter
import NIOPosix
import RedisFixture
import ServiceLifecycle
import Synchronization

/// A coordinator of a test's own, with its Redis and a router that writes down what it is told.
struct CoordinatorFixture {
    let server: RedisServer
    let redis: RedisCommandLink
    let router: NotingRouter
    let port: Int
    let adminPort: Int
    let registry: Registry

    /// Sends one request by itself and waits for its answer.
    func request(
        _ method: String, _ target: String, _ fields: [String: String] = [:], body: String = "", admin: Bool = false
    ) async throws -> Answer {
        let client = try await RawClient(port: admin ? adminPort : port)
        var head = "\(method) \(target) HTTP/1.1\r\nHost: push.localhost:8080\r\nConnection: close\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.utf8.count)\r\n" }
        try await client.send("\(head)\r\n\(body)")
        return try await client.untilEnd()
    }

    /// Sends bytes as they are and waits for what they bring.
    func raw(_ text: String) async throws -> Answer {
        let client = try await RawClient(port: port)
        try await client.send(text)
        return try await client.untilEnd()
    }
}

/// A router that agrees to everything, or to nothing.
final class NotingRouter: RouterControl {
    let name = "noting"
    private let targets = Mutex<[RouterTarget]>([])
    private let error = Mutex<RouterError?>(nil)

    var seen: [RouterTarget] { targets.withLock { $0 } }

    func fail(_ error: RouterError?) { self.error.withLock { $0 = error } }

    func reconcile(
        _ target: RouterTarget, holdsLease: @Sendable () async -> Bool
    ) async throws(RouterError) -> RouterChange {
        guard await holdsLease() else { throw .leaseLost }
        targets.withLock { $0.append(target) }
        if let error = error.withLock({ $0 }) { throw error }
        return RouterChange()
    }
}

/// Starts a coordinator on free ports, runs the body once it takes connections, and stops it gracefully.
func withCoordinator(
    isOpen: Bool = true, allowed: Set<Origin> = [], pace: RequestPace.Bounds = RequestPace.Bounds(),
    server: RedisServer? = nil, id: String = "coordinator-1", retention: Int? = nil,
    _ body: @Sendable (CoordinatorFixture) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let server = if let server { server } else { try await RedisServer() }
    let redis = RedisCommandLink(to: server.endpoint, on: group.next(), logger: .quiet)
    redis.start()
    defer { redis.close() }
    try await redis.ready()

    var settings = CoordinatorSettings(id: id, version: "0.1.0")
    settings.listen = HostAndPort(host: "127.0.0.1", port: FreePort.next())
    settings.admin = HostAndPort(host: "127.0.0.1", port: FreePort.next())
    settings.isOpen = isOpen
    settings.allowedOrigins = allowed
    settings.redis = server.endpoint
    settings.retention = retention
    let ports = Ports()
    let router = NotingRouter()
    let coordinator = Coordinator(settings, group: group, logger: .quiet, pace: pace, routers: [router]) {
        ports.set($0, $1)
    }
    let services = ServiceGroup(configuration: .init(services: [coordinator], logger: .quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await services.run() }
        try await eventually(within: .seconds(10)) { ports.both != nil }
        guard let (port, adminPort) = ports.both else { return }
        let fixture = CoordinatorFixture(
            server: server, redis: redis, router: router, port: port, adminPort: adminPort,
            registry: Registry(redis: redis, name: .standard, logger: .quiet))
        try await eventually(within: .seconds(10)) {
            try await fixture.request("GET", "/health/ready", admin: true).status == 200
        }
        try await body(fixture)
        await services.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

private final class Ports: Sendable {
    private let ports = Mutex<[Coordinator.Listener: Int]>([:])

    func set(_ listener: Coordinator.Listener, _ port: Int) { ports.withLock { $0[listener] = port } }

    var both: (Int, Int)? {
        ports.withLock { ports in
            guard let one = ports[.public], let two = ports[.admin] else { return nil }
            return (one, two)
        }
    }
}

func record(_ number: Int, state: WorkerRecord.State = .ready, connections: Int = 0) -> WorkerRecord {
    guard let address = WorkerAddress(host: "127.0.0.1", port: 9_000 + number) else { fatalError("a valid address") }
    return WorkerRecord(
        id: worker(number), address: address, connections: connections, state: state, version: "0.1.0",
        incarnation: Incarnation(bits: UInt64(number)))
}
