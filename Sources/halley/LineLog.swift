import FoundationEssentials
import Logging
import NIOPosix
import Synchronization

/// Logs one escaped line an event to standard error, from a thread of its own: an event loop never waits for a pipe that
/// nobody empties. `2026-11-22T17:26:46Z info halley.worker: listening address=127.0.0.1:9001`
struct LineLog: LogHandler {
    let label: String
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = "\(Date().ISO8601Format()) \(event.level) \(label): "
        Self.append("\(event.message)", to: &line)
        let fields = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(key)="
            Self.append("\(value)", to: &line)
        }
        if let error = event.error {
            line += " error="
            Self.append("\(error)", to: &line)
        }
        LineWriter.shared.write(line + "\n")
    }

    /// Control characters escaped: what came from the network can't forge a line or a terminal's sequence.
    static func append(_ text: String, to line: inout String) {
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
    }
}

/// Lines on their way to standard error. Bounded: when nobody reads, new lines are dropped, and their number is said as
/// soon as somebody does.
final class LineWriter: Sendable {
    static let shared = LineWriter()

    /// About 100 KB of lines.
    private static let maximumLines = 1_000

    private struct Queue {
        var lines: [String] = []
        var dropped = 0
    }

    private let queue = Mutex(Queue())
    /// One thread, so that lines keep their order.
    private let thread: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()

    func write(_ line: String) {
        let isFirst = queue.withLock { queue in
            guard queue.lines.count < Self.maximumLines else {
                queue.dropped += 1
                return false
            }
            queue.lines.append(line)
            return queue.lines.count == 1
        }
        if isFirst { thread.submit { _ in self.drain() } }
    }

    /// Writes what is there. Called at the end too, so that the last words are heard.
    func drain() {
        let taken = queue.withLock { queue in
            defer { queue = Queue() }
            return queue
        }
        var text = taken.lines.joined()
        if taken.dropped > 0 { text += "\(taken.dropped) lines of the log were dropped: nobody read them\n" }
        StandardStream.error.write(text)
    }
}
