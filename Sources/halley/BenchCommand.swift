import ArgumentParser
import FoundationEssentials
import Glibc
import HalleyBench
import HalleyClient
import NIOCore
import UnixSignals

/// `halley bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures a cluster: holds connections, publishes, and counts what arrives, and when.",
        discussion: """
            Each connection gets a session of its own and comes in by the router. Latency counts from the moment at which \
            an event was due, so that a stall is seen by all events that it hits. Ends with 0 when every connection got \
            every event once and in order, with 1 when not. Ctrl-C ends the measuring early and reports what was measured by \
            then; a second one ends at once.
            """)

    static let flags = [
        "url", "connections", "transport", "channels", "publish", "rate", "saturate", "window", "payload", "seconds",
        "warmup", "ramp", "threads", "sources", "json", "progress",
    ]

    @OptionGroup var redis: RedisOptions

    @Option(help: ArgumentHelp("The cluster's apex.", valueName: "url"), transform: { try benchURL($0) })
    var url: ServerURL = .standard
    @Option(help: ArgumentHelp("Connections to hold.", valueName: "n"))
    var connections = 1_000
    @Option(
        help: ArgumentHelp(
            "How they are held: sse, stream, long-poll, jsonp, iframe, multipart, websocket.", valueName: "name"))
    var transport = BenchSettings.Transport.sse
    @Option(help: ArgumentHelp("Channels that the connections are spread over, one each.", valueName: "n"))
    var channels = 1
    @Option(help: ArgumentHelp("How events are published: live, durable.", valueName: "verb"))
    var publish = BenchSettings.Verb.live
    @Option(help: ArgumentHelp("Events a second on all channels together. [default: 100]", valueName: "n"))
    var rate: Double?
    @Flag(help: "Instead of a rate: publish as fast as events arrive everywhere.")
    var saturate = false
    @Option(help: ArgumentHelp("With --saturate: events on their way at a time.", valueName: "n"))
    var window = 16
    @Option(help: ArgumentHelp("An event's payload.", valueName: "bytes"))
    var payload = 128
    @Option(help: ArgumentHelp("How long is measured.", valueName: "s"))
    var seconds = 10.0
    @Option(help: ArgumentHelp("How long is published before that.", valueName: "s"))
    var warmup = 2.0
    @Option(help: ArgumentHelp("Connections begun a second.", valueName: "n"))
    var ramp = 1_000.0
    @Option(help: ArgumentHelp("Threads that hold connections. [default: one for 10,000]", valueName: "n"))
    var threads: Int?
    @Option(
        help: ArgumentHelp(
            "Addresses of this machine that connections come from in turns, by commas.", valueName: "addresses"))
    var sources: String?
    @Option(help: ArgumentHelp("Where the report goes as JSON; '-' is standard output.", valueName: "file"))
    var json: String?
    @Flag(help: "Say every second where it stands, though standard error is no terminal.")
    var progress = false

    func validate() throws {
        try check("connections", connections, in: 1...10_000_000, unit: "connections")
        try check("channels", channels, in: 1...connections, unit: "channels, one for each connection at most")
        try check("payload", payload, in: BenchSettings.payloads, unit: "bytes")
        try check("window", window, in: 1...4_000, unit: "events")
        if let threads { try check("threads", threads, in: 1...256, unit: "threads") }
        try check("seconds", seconds, in: 0.1...86_400, unit: "seconds")
        try check("warmup", warmup, in: 0...3_600, unit: "seconds")
        try check("ramp", ramp, in: 1...1_000_000, unit: "connections a second")
        if let rate { try check("rate", rate, in: 0.1...1_000_000, unit: "events a second") }
        if saturate, rate != nil { throw ValidationError("--rate and --saturate exclude each other") }
        for source in sourceList {
            do { _ = try SocketAddress(ipAddress: source, port: 0) } catch {
                throw ValidationError("--sources: '\(source)' is no IP address")
            }
        }
    }

    func run() async throws {
        let isWatched = progress || isatty(STDERR_FILENO) == 1
        let progress: Bench.Progress = { line in
            if isWatched { StandardStream.error.write("\(line)\n") }
        }
        let interruption = Interruption()
        await Self.watchForInterrupts(interruption, progress)
        let bench = Bench(settings, logger: LogOptions.quiet, interruption: interruption, progress: progress)
        let report: BenchReport
        do { report = try await bench.measure() } catch { throw BenchFailure(reason: "\(error)") }
        try write(report)
        LineWriter.shared.drain()
        guard report.passed else { Glibc.exit(1) }
    }

    /// The first ends the measuring; the second ends the process, as SIGINT does where nobody watches for it.
    private static func watchForInterrupts(_ interruption: Interruption, _ progress: @escaping Bench.Progress) async {
        let signals = await UnixSignalsSequence(trapping: .sigint)
        Task {
            for await _ in signals {
                guard interruption.set() else { Glibc.exit(128 + SIGINT) }
                progress("measuring ends here; Ctrl-C again ends at once")
            }
        }
    }

    private var sourceList: [String] { sources?.split(separator: ",").map(String.init) ?? [] }

    private var settings: BenchSettings {
        var settings = BenchSettings(url: url, redis: redis.redis, cluster: redis.name)
        settings.connections = connections
        settings.transport = transport
        settings.channels = channels
        settings.verb = publish
        settings.pace = saturate ? .saturate(window: window) : .rate(rate ?? 100)
        settings.payload = payload
        settings.seconds = seconds
        settings.warmup = warmup
        settings.ramp = ramp
        settings.threads = threads ?? BenchSettings.threads(for: connections, cores: System.coreCount)
        settings.sources = sourceList
        return settings
    }

    /// The text goes where the JSON doesn't.
    private func write(_ report: BenchReport) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
        switch json {
        case "-":
            StandardStream.output.write(text)
            StandardStream.error.write(report.text)
        case let file?:
            StandardStream.output.write(report.text)
            let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            guard descriptor >= 0 else {
                throw BenchFailure(reason: "--json: \(file) can't be written: \(String(cString: strerror(errno)))")
            }
            StandardStream(descriptor: descriptor).write(text)
            close(descriptor)
        case nil: StandardStream.output.write(report.text)
        }
    }
}

/// Why nothing was measured. Ends the process with 1, and not as a wrong usage.
private struct BenchFailure: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}

extension BenchSettings.Transport: ExpressibleByArgument {}
extension BenchSettings.Verb: ExpressibleByArgument {}

/// The same for numbers that needn't be whole.
private func check(_ flag: String, _ value: Double, in range: ClosedRange<Double>, unit: String) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(flag) is \(value); expected \(range.lowerBound) to \(range.upperBound) \(unit)")
    }
}

private func benchURL(_ text: String) throws -> ServerURL {
    guard let url = ServerURL(text), url.target == "/", !url.isSecure else {
        throw ValidationError("expected http://host[:port], the cluster's apex")
    }
    return url
}
