import ArgumentParser
import HalleyBroker
import HalleyCore

/// `halley publish`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publishes live events.",
        discussion: "With '-' for the payload, each line of standard input becomes an event.")

    @OptionGroup var redis: RedisOptions

    @Argument(help: "The channel.", transform: { try Channel($0) })
    var channel: Channel

    @Argument(help: "The payload: any text, JSON or not; '-' reads lines.")
    var payload: String = "-"

    func run() async throws {
        try await RedisSession.with(redis) { commands in
            let publisher = RedisPublisher(commands, cluster: redis.name)
            guard payload == "-" else {
                let receivers = try await publisher.publishLive(channel, payload: Array(payload.utf8))
                StandardStream.output.write("\(receivers)\n")
                return
            }
            var published = 0
            var lines = StandardInputLines()
            while let line = lines.next() {
                _ = try await publisher.publishLive(channel, payload: line)
                published += 1
            }
            StandardStream.error.write("published \(published) events on \(channel)\n")
        }
    }
}
