import ArgumentParser
import FoundationEssentials
import HalleyCluster
import HalleyCore
import HalleyWorker
import NIOCore
import ServiceLifecycle

/// `halley worker`
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Holds clients' connections and delivers events to them.")

    static let flags = [
        "id", "listen", "advertise", "max-connections", "max-outbound-bytes", "max-kernel-bytes", "stall-ms",
        "heartbeat-ms", "poll-ms", "head-ms", "idle-ms", "join-ms", "max-channels", "linger-ms", "ring-events",
        "ring-bytes", "ring-total-bytes", "beat-ms", "lease-ms", "stop-ms", "ticket-keys", "open", "no-jsonp",
        "websocket-message-bytes", "ws-echo-for-tests",
    ]

    @OptionGroup var redis: RedisOptions
    @OptionGroup var log: LogOptions
    @OptionGroup var origins: OriginOptions

    @Option(help: ArgumentHelp("The worker's name. [default: HOSTNAME-PORT]", valueName: "id"))
    var id: WorkerID?
    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen = HostAndPort(host: "127.0.0.1", port: 9_001)
    @Option(help: ArgumentHelp("Where the router reaches it. [default: where it listens]", valueName: "host:port"))
    var advertise: HostAndPort?
    @Option(help: ArgumentHelp("The most held requests. [default: the open files allowed, less 1,000]", valueName: "n"))
    var maxConnections: Int?
    @Option(help: ArgumentHelp("The most unsent bytes of one connection.", valueName: "bytes"))
    var maxOutboundBytes = 262_144
    @Option(help: ArgumentHelp("The most bytes of one connection that the kernel keeps unsent.", valueName: "bytes"))
    var maxKernelBytes = 1_048_576
    @Option(help: ArgumentHelp("How long a client for which events wait may take nothing.", valueName: "ms"))
    var stallMs = 10_000
    @Option(help: ArgumentHelp("The longest silence on a stream.", valueName: "ms"))
    var heartbeatMs = 15_000
    @Option(help: ArgumentHelp("The longest wait of a long poll.", valueName: "ms"))
    var pollMs = 25_000
    @Option(help: ArgumentHelp("How long a request's head may take.", valueName: "ms"))
    var headMs = 10_000
    @Option(help: ArgumentHelp("How long a connection may idle between requests.", valueName: "ms"))
    var idleMs = 75_000
    @Option(help: ArgumentHelp("How long a subscriber waits for Redis' confirmation.", valueName: "ms"))
    var joinMs = 5_000
    @Option(
        name: .customLong("websocket-message-bytes"),
        help: ArgumentHelp("The largest message that a client may send on a WebSocket.", valueName: "bytes"))
    var webSocketMessageBytes = 65_536
    @Option(help: ArgumentHelp("The most channels known at a time.", valueName: "n"))
    var maxChannels = 100_000
    @Option(help: ArgumentHelp("How long a channel that nobody wants stays subscribed.", valueName: "ms"))
    var lingerMs = 60_000
    @Option(help: ArgumentHelp("The most events in a channel's ring.", valueName: "n"))
    var ringEvents = 4_000
    @Option(help: ArgumentHelp("The most memory of a channel's ring.", valueName: "bytes"))
    var ringBytes = 4_194_304
    @Option(help: ArgumentHelp("The most memory of all rings.", valueName: "bytes"))
    var ringTotalBytes = 67_108_864
    @Option(help: ArgumentHelp("How often the worker says that it is alive.", valueName: "ms"))
    var beatMs = 2_000
    @Option(help: ArgumentHelp("How long it counts as alive after that.", valueName: "ms"))
    var leaseMs = 5_000
    @Option(help: ArgumentHelp("How long the end may take after SIGTERM.", valueName: "ms"))
    var stopMs = 8_000
    @Option(
        help: ArgumentHelp(
            "What tickets are checked with: hexadecimal secrets, by commas. [default: those in Redis]",
            valueName: "keys"))
    var ticketKeys: String?

    @Flag(help: "Hold WebSockets and frames of pages of this machine as well.")
    var open = false
    @Flag(name: .customLong("no-jsonp"), help: "Serve no JSONP.")
    var refusesJSONP = false
    @Flag(
        name: .customLong("ws-echo-for-tests"),
        help: "Serve /ws-echo, which echoes WebSocket messages, for conformance tools.")
    var echoesWebSockets = false

    func validate() throws {
        try check("max-outbound-bytes", maxOutboundBytes, in: 4_096...1_073_741_824, unit: "bytes")
        try check("max-kernel-bytes", maxKernelBytes, in: 4_096...1_073_741_824, unit: "bytes")
        try check("stall-ms", stallMs, in: 100...3_600_000, unit: "milliseconds")
        try check("heartbeat-ms", heartbeatMs, in: 1_000...3_600_000, unit: "milliseconds")
        try check("poll-ms", pollMs, in: 1_000...3_600_000, unit: "milliseconds")
        try check("head-ms", headMs, in: 100...60_000, unit: "milliseconds")
        try check("idle-ms", idleMs, in: 1_000...3_600_000, unit: "milliseconds")
        try check("join-ms", joinMs, in: 100...60_000, unit: "milliseconds")
        try check("websocket-message-bytes", webSocketMessageBytes, in: 1_024...16_777_216, unit: "bytes")
        try check("max-channels", maxChannels, in: 1...10_000_000, unit: "channels")
        try check("linger-ms", lingerMs, in: 0...3_600_000, unit: "milliseconds")
        try check("ring-events", ringEvents, in: 1...1_000_000, unit: "events")
        try check("ring-bytes", ringBytes, in: 1_024...1_073_741_824, unit: "bytes")
        try check("ring-total-bytes", ringTotalBytes, in: 1_024...1_099_511_627_776, unit: "bytes")
        try check("beat-ms", beatMs, in: 100...60_000, unit: "milliseconds")
        try check("lease-ms", leaseMs, in: 500...300_000, unit: "milliseconds")
        try check("stop-ms", stopMs, in: 0...600_000, unit: "milliseconds")
        guard leaseMs >= 2 * beatMs else {
            throw ValidationError("--lease-ms is \(leaseMs); expected at least twice --beat-ms, which is \(beatMs)")
        }
    }

    func run() async throws {
        let logger = log.logger(label: "halley.worker")
        let worker = Worker(settings: try settings(), logger: logger)
        try await ServiceGroup(
            services: [worker], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
        LineWriter.shared.drain()
    }

    private func settings() throws -> WorkerSettings {
        let files = FileLimit.raise()
        let room = max(1, files - FileLimit.reserve)
        if let maxConnections {
            try check("max-connections", maxConnections, in: 1...10_000_000, unit: "connections")
            guard maxConnections <= room else {
                throw ValidationError(
                    "--max-connections is \(maxConnections), but this process may open \(files) files; "
                        + "expected at most \(room), or a higher limit (ulimit -Hn)")
            }
        }
        let name = "\(ProcessInfo.processInfo.hostName.prefix(48))-\(listen.port)"
        guard let id = id ?? WorkerID(name) else {
            throw ValidationError("this host's name can't be part of a worker's; give one with --id")
        }
        return WorkerSettings(
            id: id, cluster: redis.name, redis: redis.redis, listen: listen, advertise: advertise,
            connections: .init(
                connections: maxConnections ?? room, outboundBytes: maxOutboundBytes,
                kernelBytes: maxKernelBytes, stall: milliseconds(stallMs), heartbeat: milliseconds(heartbeatMs),
                poll: milliseconds(pollMs), head: milliseconds(headMs), idle: milliseconds(idleMs),
                join: milliseconds(joinMs), webSocketMessageBytes: webSocketMessageBytes),
            rules: .init(
                origins: OriginPolicy(
                    apex: origins.publicURL.origin, allowed: try origins.allowed(), allowsLocal: open),
                offersJSONP: !refusesJSONP),
            hub: .init(
                channels: maxChannels, linger: milliseconds(lingerMs), ringEvents: ringEvents, ringBytes: ringBytes,
                ringTotalBytes: ringTotalBytes),
            lease: milliseconds(leaseMs), beat: milliseconds(beatMs), stop: milliseconds(stopMs),
            ticketKeys: try ticketKeys.map { try parseTicketKeys($0) }, echoesWebSockets: echoesWebSockets)
    }

    private func milliseconds(_ value: Int) -> TimeAmount { .milliseconds(Int64(value)) }
}

/// - Throws: one line that doesn't echo the secrets.
func parseTicketKeys(_ text: String) throws -> TicketKeys {
    do { return try TicketKeyStore.parse(text) } catch { throw ValidationError("--ticket-keys: \(error)") }
}
