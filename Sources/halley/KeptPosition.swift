import Glibc
import HalleyCore
import Synchronization

/// A position that outlives the process, in a file of one line.
///
/// Written when a second has passed since the last time, and at the end: after a `kill -9` a second's events come again.
final class KeptPosition: Sendable {
    private struct State {
        var position: String?
        var isSaved = true
        var savedAt = ContinuousClock.now
    }

    private let file: String
    private let state: Mutex<State>

    private static let interval = Duration.seconds(1)

    /// Reads what an earlier run left; a file that isn't there yet is fine.
    init(file: String) throws(KeptPositionError) {
        self.file = file
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else {
                throw KeptPositionError(file, "can't be read: \(String(cString: strerror(errno)))")
            }
            state = Mutex(State())
            return
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Position.maximumLength + 2)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw KeptPositionError(file, "can't be read: \(String(cString: strerror(errno)))") }
        let text = String(decoding: bytes[..<count], as: UTF8.self).filter { !$0.isWhitespace }
        do { _ = text.isEmpty ? nil : try Position(parsing: text) } catch {
            throw KeptPositionError(file, "holds no position; give the name of another, or remove it")
        }
        state = Mutex(State(position: text.isEmpty ? nil : text))
    }

    var position: String? { state.withLock { $0.position } }

    /// What stands before this position has been printed.
    func keep(_ position: String) {
        let isDue = state.withLock { state in
            state.position = position
            state.isSaved = false
            return ContinuousClock.now - state.savedAt >= Self.interval
        }
        if isDue { save() }
    }

    /// Whole or not at all: the file is replaced, never written over.
    func save() {
        state.withLock { state in
            guard !state.isSaved, let position = state.position else { return }
            state.savedAt = .now
            let new = "\(file).\(getpid())"
            let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { return complain() }
            let isWhole = StandardStream(descriptor: descriptor).write(Array("\(position)\n".utf8))
            close(descriptor)
            guard isWhole, rename(new, file) == 0 else {
                complain()
                unlink(new)
                return
            }
            state.isSaved = true
        }
    }

    private func complain() {
        let reason = String(cString: strerror(errno))
        StandardStream.error.write("halley: the position can't be kept in \(file): \(reason)\n")
    }
}

/// Why a position can't be taken up.
struct KeptPositionError: Error, CustomStringConvertible {
    let description: String

    init(_ file: String, _ trouble: String) { description = "\(file) \(trouble)" }
}
