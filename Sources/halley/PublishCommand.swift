import ArgumentParser
import HalleyBroker
import HalleyCore
import HalleyRedis

/// `halley publish`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publishes events: durable ones, unless told --live.",
        discussion: """
            Prints the event's id; with --live, how many workers took it. With '-' for the payload, each line of \
            standard input becomes an event.
            """)

    @OptionGroup var redis: RedisOptions

    @Flag(help: "Publish live: nothing is stored, and who isn't there misses it.")
    var live = false
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
            let most = PublishOptions.maximumKeyLength - (payload == "-" ? Self.lineNumberLength : 0)
            try check("key", key.utf8.count, in: 1...most, unit: "bytes")
        }
        if live, history != nil || ttlMs != nil || key != nil || keyttlMs != nil {
            throw ValidationError(
                "--live events aren't kept; --history, --ttl-ms, --key and --keyttl-ms are durable events'")
        }
    }

    func run() async throws {
        try await RedisSession.with(redis) { connection in
            if !live { try await LibraryLoader(redis.name, logger: LogOptions.quiet).load(on: connection) }
            let publisher = RedisPublisher(connection, cluster: redis.name)
            guard payload == "-" else {
                StandardStream.output.write("\(try await publish(Array(payload.utf8), key: key, by: publisher))\n")
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
            StandardStream.error.write("published \(published) events on \(channel)\n")
        }
    }

    /// - Returns: what to print.
    private func publish(_ payload: [UInt8], key: String?, by publisher: RedisPublisher) async throws -> String {
        if live { return "\(try await publisher.publishLive(channel, payload: payload))" }
        let options = PublishOptions(history: history, ttl: ttlMs, key: key, keyTTL: keyttlMs)
        return "\(try await publisher.publish(channel, payload: payload, options: options))"
    }
}
