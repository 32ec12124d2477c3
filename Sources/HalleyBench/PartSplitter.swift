import HalleyClient

/// Cuts a `multipart` answer into its parts (RFC 2046, section 5.1.1), which are JSON on one line each.
package struct PartSplitter {
    private enum State {
        /// Before the first boundary: nobody's.
        case preamble
        case head
        /// Within a head that has said what its part is.
        case headOfJSON
        case body
        /// Behind a part.
        case boundary
        /// Behind an empty head: the end stands in a part of its own.
        case end
        case over
    }

    private var lines = LineSplitter(takesCR: false)
    private var state = State.preamble

    package init() {}

    /// Gives the next part of `rest`, which is moved on, to `use`.
    ///
    /// - Returns: whether there was one; if not, more bytes are needed.
    /// - Throws: ``AnswerError`` for what is no part of Halley's, and whatever `use` throws.
    package mutating func next(
        _ rest: inout UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var state = state
        defer { self.state = state }
        while true {
            let wasPart = try lines.next(&rest) { ended in
                let line = ended.last == 0x0D ? UnsafeRawBufferPointer(rebasing: ended.dropLast()) : ended
                let isPart = state == .body
                state = try Self.state(after: line, in: state)
                if isPart { try use(line) }
                return isPart
            }
            guard let wasPart else { return false }
            if wasPart { return true }
        }
    }

    private static func state(
        after line: UnsafeRawBufferPointer, in state: State
    ) throws(AnswerError) -> State {
        let isBoundary = line.elementsEqual("--halley".utf8)
        switch state {
        case .preamble: return isBoundary ? .head : .preamble
        case .head where line.isEmpty: return .end
        case .head: return line.elementsEqual("Content-Type: application/json".utf8) ? .headOfJSON : .head
        case .headOfJSON: return line.isEmpty ? .body : .headOfJSON
        case .body: return .boundary
        case .boundary where isBoundary: return .head
        case .boundary: throw AnswerError("a part isn't followed by its boundary")
        case .end where line.elementsEqual("--halley--".utf8): return .over
        case .end: throw AnswerError("a part doesn't say that it is JSON")
        case .over: throw AnswerError("something follows the last part")
        }
    }
}
