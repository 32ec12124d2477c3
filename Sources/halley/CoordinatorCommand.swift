import ArgumentParser
import FoundationEssentials
import HalleyCluster
import HalleyCoordinator
import HalleyCore
import ServiceLifecycle

/// `halley coordinator`
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Assigns sessions to shards, and shards to workers.")

    static let flags = [
        "id", "listen", "admin", "open", "router", "lease-ms", "beat-ms", "ticket-seconds", "ticket-keys",
        "retention-ms",
    ]

    @OptionGroup var redis: RedisOptions
    @OptionGroup var log: LogOptions
    @OptionGroup var origins: OriginOptions

    @Option(help: ArgumentHelp("The coordinator's name. [default: HOSTNAME-PORT]", valueName: "id"))
    var id: WorkerID?
    @Option(help: ArgumentHelp("Where the public listens.", valueName: "host:port"))
    var listen = HostAndPort(host: "127.0.0.1", port: 9_100)
    @Option(help: ArgumentHelp("Where operators and publishers come in. No password is asked.", valueName: "host:port"))
    var admin = HostAndPort(host: "127.0.0.1", port: 9_101)
    @Flag(help: "Serve the admin listener's routes, publishing too, on the public one as well.")
    var open = false
    @Option(help: ArgumentHelp("HAProxy's runtime API, by commas: unix:///path or tcp://host:port.", valueName: "urls"))
    var router: String?
    @Option(help: ArgumentHelp("How often workers say that they are alive.", valueName: "ms"))
    var beatMs = 2_000
    @Option(
        help: ArgumentHelp(
            "How long a worker counts as alive, and a leader leads, after its last word.", valueName: "ms"))
    var leaseMs = 5_000
    @Option(help: ArgumentHelp("How long a ticket admits.", valueName: "seconds"))
    var ticketSeconds = 3_600
    @Option(
        help: ArgumentHelp(
            "What tickets are signed with: hexadecimal secrets, by commas, the signing one first. [default: made once, kept in Redis]",
            valueName: "keys"))
    var ticketKeys: String?

    @Option(
        help: ArgumentHelp(
            "How long a channel's durable events stay in Redis after the last of them. [default: what Redis has, or 3600000]",
            valueName: "ms"))
    var retentionMs: Int?

    func validate() throws {
        if let retentionMs { try check("retention-ms", retentionMs, in: 1_000...31_536_000_000, unit: "milliseconds") }
        try check("beat-ms", beatMs, in: 100...60_000, unit: "milliseconds")
        try check("lease-ms", leaseMs, in: 500...300_000, unit: "milliseconds")
        try check("ticket-seconds", ticketSeconds, in: 10...604_800, unit: "seconds")
        guard leaseMs >= 2 * beatMs else {
            throw ValidationError("--lease-ms is \(leaseMs); expected at least twice --beat-ms, which is \(beatMs)")
        }
    }

    func run() async throws {
        let logger = log.logger(label: "halley.coordinator")
        let coordinator = Coordinator(try settings(), logger: logger)
        try await ServiceGroup(
            services: [coordinator], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
        LineWriter.shared.drain()
    }

    private func settings() throws -> CoordinatorSettings {
        let name = id?.description ?? "\(ProcessInfo.processInfo.hostName)-\(listen.port)"
        var settings = CoordinatorSettings(id: name, version: Version.current)
        settings.listen = listen
        settings.admin = admin
        settings.isOpen = open
        settings.publicURL = origins.publicURL
        settings.allowedOrigins = try origins.allowed()
        settings.redis = redis.redis
        settings.cluster = redis.name
        settings.routers = try list(router).map { text in
            do { return try .init(text) } catch { throw ValidationError("--router: \(error)") }
        }
        settings.leases = LeaseTimes(lease: .milliseconds(leaseMs), heartbeat: .milliseconds(beatMs))
        settings.ticketLifetime = ticketSeconds
        settings.retention = retentionMs
        settings.ticketKeys = try ticketKeys.map { try parseTicketKeys($0) }
        return settings
    }

    private func list(_ text: String?) -> [String] {
        text?.split(separator: ",").map(String.init) ?? []
    }
}
