import Glibc
import HalleyClient
import HalleyCore

/// What `halley subscribe` makes of messages: events on standard output, all else on standard error.
final class EventPrinter {
    private let isJSON: Bool
    private let namesChannels: Bool
    private let isQuiet: Bool
    /// A terminal would obey what a payload holds.
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var hasBeenOpen = false

    init(isJSON: Bool, namesChannels: Bool, isQuiet: Bool) {
        self.isJSON = isJSON
        self.namesChannels = namesChannels
        self.isQuiet = isQuiet
    }

    /// - Returns: whether somebody still reads.
    func take(_ message: HalleyClient.Message) -> Bool {
        switch message {
        case .event(let event): return StandardStream.output.write(isJSON ? Self.json(event) : line(event))
        case .gap(let gap):
            say("gap on \(gap.channel): its durable events after \(gap.from), up to \(gap.to), can't be had any more")
            return isJSON ? StandardStream.output.write(Self.json(gap)) : true
        case .state(.open(let resume)):
            if !isQuiet { say(hasBeenOpen ? "back\(Self.words(resume))" : "subscribed\(Self.words(resume))") }
            hasBeenOpen = true
        case .state(.waiting(let wait, let reason)):
            if !isQuiet { say("\(reason); again in \(Self.seconds(wait)) s") }
        case .position: break
        }
        return true
    }

    private func say(_ text: String) {
        var line = "halley: "
        LineLog.append(text, to: &line)
        StandardStream.error.write(line + "\n")
    }

    private func line(_ event: HalleyClient.Event) -> [UInt8] {
        var line = namesChannels ? Array("\(event.channel)\t".utf8) : []
        if isTerminal {
            for (index, part) in event.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                var escaped = index == 0 ? "" : "\n"
                LineLog.append(String(part), to: &escaped)
                line += escaped.utf8
            }
        } else {
            line += event.payload
        }
        return line + [0x0A]
    }

    /// As it came, in the form of the `stream` transport.
    private static func json(_ event: HalleyClient.Event) -> [UInt8] {
        var head = "{"
        if let id = event.id { head += #""id":"\#(id)","# }
        head += #""channel":"\#(event.channel)""#
        if let position = event.position { head += #","position":"\#(position)""# }
        if event.isBinary { head += #","encoding":"base64""# }
        return Array("\(head),\"data\":".utf8) + event.json + Array("}\n".utf8)
    }

    private static func json(_ gap: HalleyClient.Gap) -> [UInt8] {
        let position = gap.position.map { #","position":"\#($0)""# } ?? ""
        return Array(
            "{\"gap\":{\"channel\":\"\(gap.channel)\",\"from\":\"\(gap.from)\",\"to\":\"\(gap.to)\"}\(position)}\n".utf8
        )
    }

    private static func words(_ resume: HalleyClient.Resume) -> String {
        switch resume {
        case .fresh: ""
        case .complete: ", complete"
        case .durableOnly: "; live events may have been missed"
        case .gap: ", with gaps"
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = (duration.components.seconds * 10) + duration.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
