import ArgumentParser
import Glibc
import HalleyCore

/// The one executable. What each process does lives in the libraries; here are its arguments.
@main
struct Halley: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "halley",
        abstract: "A Comet push cluster: what is published to Redis reaches every browser that waits for it.",
        discussion: """
            Every option can be given by an environment variable instead: --heartbeat-ms is HALLEY_HEARTBEAT_MS. \
            The command line wins.
            """,
        version: Version.current,
        subcommands: [
            WorkerCommand.self, CoordinatorCommand.self, PublishCommand.self, SubscribeCommand.self, StatusCommand.self,
            HealthCommand.self, BenchCommand.self,
        ])

    /// Parses by hand, so that a bad value ends the start with one line rather than with the usage as well.
    static func main() async {
        let arguments = Environment.completed(Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(error)
        }
    }

    /// Help and the version go to standard output, whole; an error goes to standard error as one line.
    private static func end(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        guard code != .success else { exit(withError: error) }
        let text = message(for: error).split(separator: "\n").first.map(String.init) ?? "\(error)"
        StandardStream.error.write("halley: \(text)\n")
        Glibc.exit(code.rawValue)
    }
}
