import HalleyBroker
import HalleyCore

extension Subject {
    /// What a worker does with each durable event that Redis sends, here of 128 bytes.
    static var stamp: Subject {
        Subject(name: "stamp-read") {
            guard let (stamp, payload) = Stamp.read(message) else { preconditionFailure("the message is well formed") }
            return payload.count + Int(truncatingIfNeeded: stamp.id.milliseconds)
        }
    }

    /// What a worker does with each client that comes back to it.
    static var position: Subject {
        Subject(name: "position-parse") {
            do {
                return Int(truncatingIfNeeded: try Position(parsing: positionText).id.milliseconds)
            } catch { preconditionFailure("the position is well formed: \(error)") }
        }
    }

    private static let message =
        Array("1 1795359771922-57 aB3xYz p 1795359771900-0\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 128)
    private static let positionText = "1795359771922-57.aB3xYz~0123456789abcdef.4711"
}
