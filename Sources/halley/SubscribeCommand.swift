import ArgumentParser
import Glibc
import HalleyClient
import HalleyCore

/// `halley subscribe`
struct SubscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Prints what is published on channels, as it comes.",
        discussion: """
            An event's payload is a line of standard output; of several channels each line begins with the channel and a \
            tab. What else there is to say goes to standard error. Connections that end are taken up where they \
            ended. Ends with 0 after --count events, at Ctrl-C, and when nobody reads on.
            """)

    static let flags = [
        "url", "transport", "token", "ca-file", "position", "position-file", "json", "count", "patience", "quiet",
    ]

    @Option(help: ArgumentHelp("The cluster's apex; a worker by itself will do.", valueName: "url"))
    var url = ServerURL.standard.description
    @Option(help: ArgumentHelp("How events travel: stream, sse, long-poll, websocket.", valueName: "name"))
    var transport = HalleyClient.Transport.stream
    @Option(help: ArgumentHelp("What the cluster asks for before it gives a session.", valueName: "token"))
    var token: String?
    @Option(help: ArgumentHelp("PEM file of those who may certify an https server.", valueName: "file"))
    var caFile: String?
    @Option(help: ArgumentHelp("Where to go on; --json shows positions.", valueName: "position"))
    var position: String?
    @Option(
        help: ArgumentHelp(
            "Where the position is kept from one run to the next: what came between them comes first.",
            valueName: "file"))
    var positionFile: String?
    @Flag(help: "Print events and gaps as JSON, a line each.")
    var json = false
    @Option(help: ArgumentHelp("End after so many events.", valueName: "n"))
    var count: Int?
    @Option(help: ArgumentHelp("Give up after so long without a connection. [default: never]", valueName: "s"))
    var patience: Int?
    @Flag(name: .shortAndLong, help: "Say nothing about connections.")
    var quiet = false

    @Argument(help: "The channels, 64 at most.")
    var channels: [String]

    func validate() throws {
        if let count { try check("count", count, in: 1...Int.max, unit: "events") }
        if let patience { try check("patience", patience, in: 0...31_536_000, unit: "seconds") }
        if position != nil, positionFile != nil {
            throw ValidationError("--position and --position-file exclude each other")
        }
        _ = try client(from: position)
    }

    func run() async throws {
        var kept: KeptPosition?
        if let positionFile {
            do { kept = try KeptPosition(file: positionFile) } catch {
                throw SubscribeFailure(reason: "--position-file: \(error)")
            }
        }
        let client = try client(from: position ?? kept?.position)
        let printer = EventPrinter(isJSON: json, namesChannels: Set(channels).count > 1, isQuiet: quiet)
        Farewell.begin(kept)
        do {
            try await listen(client, printer, kept)
        } catch {
            kept?.save()
            throw SubscribeFailure(reason: "\(error)")
        }
    }

    private func listen(_ client: HalleyClient, _ printer: EventPrinter, _ kept: KeptPosition?) async throws {
        var left = count ?? .max
        for try await message in client {
            guard printer.take(message) else { Farewell.end(kept) }
            if let position = message.position { kept?.keep(position) }
            if case .event = message {
                left -= 1
                if left == 0 { break }
            }
        }
        kept?.save()
    }

    private func client(from position: String?) throws -> HalleyClient {
        var options = HalleyClient.Options()
        options.transport = transport
        options.position = position
        options.certificateAuthorities = caFile
        options.patience = patience.map { .seconds($0) }
        if let token { options.token = { token } }
        do { return try HalleyClient(url: url, channels: channels, options: options) } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// Why nothing comes any more. Ends the process with 1, and not as a wrong usage.
private struct SubscribeFailure: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}

extension HalleyClient.Transport: ExpressibleByArgument {}
