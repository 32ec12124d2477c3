import ArgumentParser
import Glibc
import HalleyBroker
import HalleyCore
import HalleyRedis

/// `halley publish`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publishes events: durable ones, unless told --live.",
        discussion: """
            Prints the event's id; with --live, how many workers took it. Without a payload, or with '-' for it, each line \
            of standard input becomes an event; with --whole all of it is one. Before a payload that begins with a dash \
            goes '--'.
            """)

    @OptionGroup var redis: RedisOptions

    @Flag(help: "Publish live: nothing is stored, and who isn't there misses it.")
    var live = false
    @Flag(help: "All of standard input is one event's payload, line ends included.")
    var whole = false
    @Option(help: ArgumentHelp("How many events the channel's log keeps. [default: 1000]", valueName: "events"))
    var history: Int?
    @Option(
        help: ArgumentHelp("How long the log is kept after this event, if longer than the cluster's.", valueName: "ms"))
    var ttlMs: Int?
    @Option(
        help: ArgumentHelp(
            "Idempotency: an event with a key that the channel had lately is not published again. With '-' line 7 has KEY/7.",
            valueName: "key"))
    var key: String?
    @Option(help: ArgumentHelp("How long the key is remembered. [default: 600000]", valueName: "ms"))
    var keyttlMs: Int?

    @Argument(help: "The channel.", transform: { try Channel($0) })
    var channel: Channel

    @Argument(help: "The payload: any text, JSON or not; '-' reads lines.")
    var payload: String = "-"

    /// What the number of a line may add to a key, in bytes: a slash and ten digits.
    private static let lineNumberLength = 11

    func validate() throws {
        // As in the function library, whose Lua has no exact integers beyond.
        let numbers = 1...999_999_999_999_999
        if let history { try check("history", history, in: numbers, unit: "events") }
        if let ttlMs { try check("ttl-ms", ttlMs, in: numbers, unit: "milliseconds") }
        if let keyttlMs { try check("keyttl-ms", keyttlMs, in: numbers, unit: "milliseconds") }
        if let key {
            let most = PublishOptions.maximumKeyLength - (readsLines ? Self.lineNumberLength : 0)
            try check("key", key.utf8.count, in: 1...most, unit: "bytes")
        }
        if whole, payload != "-" { throw ValidationError("--whole reads standard input; the payload is given as well") }
        if live, history != nil || ttlMs != nil || key != nil || keyttlMs != nil {
            throw ValidationError(
                "--live events aren't kept; --history, --ttl-ms, --key and --keyttl-ms are durable events'")
        }
    }

    func run() async throws {
        try await RedisSession.with(redis) { connection in
            if !live { try await LibraryLoader(redis.name, logger: LogOptions.quiet).load(on: connection) }
            let publisher = RedisPublisher(connection, cluster: redis.name)
            if isatty(STDIN_FILENO) == 1, payload == "-" {
                StandardStream.error.write("reading \(whole ? "the payload" : "an event a line"); Ctrl-D ends\n")
            }
            guard readsLines else {
                let payload = whole ? try StandardInputLines.whole() : Array(payload.utf8)
                StandardStream.output.write("\(try await publish(payload, key: key, by: publisher))\n")
                return
            }
            var published = 0
            var lines = StandardInputLines()
            while let line = lines.next() {
                do {
                    _ = try await publish(line, key: key.map { "\($0)/\(published + 1)" }, by: publisher)
                } catch {
                    throw ValidationError("line \(published + 1), after \(published) that were published: \(error)")
                }
                published += 1
            }
            StandardStream.error.write("published \(published) event\(published == 1 ? "" : "s") on \(channel)\n")
        }
    }

    private var readsLines: Bool { payload == "-" && !whole }

    /// - Returns: what to print.
    private func publish(_ payload: [UInt8], key: String?, by publisher: RedisPublisher) async throws -> String {
        if live { return "\(try await publisher.publishLive(channel, payload: payload))" }
        let options = PublishOptions(history: history, ttl: ttlMs, key: key, keyTTL: keyttlMs)
        return "\(try await publisher.publish(channel, payload: payload, options: options))"
    }
}
