import ArgumentParser
import HalleyCoordinator
import HalleyCore
import HalleyRedis
import Logging
import NIOCore

/// Which Redis, and which cluster in it.
struct RedisOptions: ParsableArguments {
    static let flags = ["redis", "name"]

    @Option(
        help: ArgumentHelp(
            "Redis: redis://[user[:password]@]host[:port][/db], or unix:///path?db=N.", valueName: "url"),
        transform: { try RedisEndpoint($0) })
    var redis: RedisEndpoint = RedisEndpoint(address: .tcp(host: "127.0.0.1", port: RedisEndpoint.standardPort))

    @Option(help: ArgumentHelp("The cluster's name, which prefixes all it has in Redis.", valueName: "name"))
    var name: ClusterName = .standard
}

/// Whose pages are trusted: the same for workers and coordinators.
struct OriginOptions: ParsableArguments {
    static let flags = ["public-url", "allow-origin"]

    @Option(help: ArgumentHelp("The apex as browsers know it.", valueName: "url"), transform: { try apexURL($0) })
    var publicURL: ApexURL = .standard
    @Option(help: ArgumentHelp("Other sites whose pages may come in, by commas.", valueName: "origins"))
    var allowOrigin: String?

    /// - Throws: one line that names the text that is no origin.
    func allowed() throws -> Set<Origin> {
        Set(
            try (allowOrigin ?? "").split(separator: ",").map { text in
                guard let origin = Origin(text) else {
                    throw ValidationError("--allow-origin: '\(text)' is no origin; expected https://www.example.com")
                }
                return origin
            })
    }

    private static func apexURL(_ text: String) throws -> ApexURL {
        guard let url = ApexURL(text) else {
            throw ValidationError(
                "expected http://push.example.com or https://…, with a port where it isn't the standard one")
        }
        return url
    }
}

/// How much is logged.
struct LogOptions: ParsableArguments {
    static let flags = ["log-level"]

    @Option(help: ArgumentHelp("What is logged: trace, debug, info, notice, warning, error.", valueName: "level"))
    var logLevel: Logger.Level = .info

    /// For commands whose output is their answer: only what makes it wrong.
    static let quiet: Logger = {
        var logger = Logger(label: "halley") { LineLog(label: $0) }
        logger.logLevel = .warning
        return logger
    }()

    /// A logger that never makes its caller wait.
    func logger(label: String) -> Logger {
        var logger = Logger(label: label) { LineLog(label: $0) }
        logger.logLevel = logLevel
        return logger
    }
}

extension ClusterName: ExpressibleByArgument {
    /// Reads ``ClusterName``'s form.
    public init?(argument: String) { self.init(argument) }
}

extension WorkerID: ExpressibleByArgument {
    /// Reads ``WorkerID``'s form.
    public init?(argument: String) { self.init(argument) }
}

extension HostAndPort: ExpressibleByArgument {
    /// Reads ``HostAndPort``'s form.
    public init?(argument: String) { self.init(argument) }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Checks an option's value against its bounds.
///
/// - Throws: one line that says what was given, what was expected, and in which unit.
func check(_ flag: String, _ value: Int, in range: ClosedRange<Int>, unit: String) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(flag) is \(value); expected \(range.lowerBound) to \(range.upperBound) \(unit)")
    }
}
