import HalleyClient

/// The argument of a call in a script: what JSONP and the forever frame wrap their JSON in.
package enum ScriptCall {
    /// - Returns: what stands between; `nil` when the text doesn't begin and end so.
    package static func argument(
        of text: UnsafeRawBufferPointer, from opening: String, to closing: String
    ) -> UnsafeRawBufferPointer? {
        guard text.count >= opening.utf8.count + closing.utf8.count, text.starts(with: opening.utf8),
            text.suffix(closing.utf8.count).elementsEqual(closing.utf8)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: text.dropFirst(opening.utf8.count).dropLast(closing.utf8.count))
    }

    /// Of a whole JSONP answer: `/**/b({"position":…});`.
    package static func ofAnswer(_ body: UnsafeRawBufferPointer) throws(AnswerError) -> UnsafeRawBufferPointer {
        guard let argument = argument(of: body, from: "/**/\(EventsRequest.callback)(", to: ");\n") else {
            throw AnswerError("the answer doesn't call the function that was asked for")
        }
        return argument
    }
}

/// Cuts a forever frame's document into its messages, a script on a line each.
package struct ScriptSplitter {
    private var lines = LineSplitter(takesCR: false)
    /// Its first lines are the frame's own.
    private var hasBegun = false

    package init() {}

    /// Gives the next message of `rest`, which is moved on, to `use`.
    ///
    /// - Returns: whether there was one; if not, more bytes are needed.
    /// - Throws: ``AnswerError`` for a line among the messages that is none, and whatever `use` throws.
    package mutating func next(
        _ rest: inout UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        while true {
            let wasMessage = try lines.next(&rest) { line in
                guard let message = ScriptCall.argument(of: line, from: "<script>m(", to: ")</script>") else {
                    guard !hasBegun else { throw AnswerError("a line of the frame is no message") }
                    return false
                }
                hasBegun = true
                try use(message)
                return true
            }
            guard let wasMessage else { return false }
            if wasMessage { return true }
        }
    }
}
