import HalleyCore

/// What a client makes of the answers on one connection, one behind the other.
package struct Answer {
    /// What the bytes say, as far as they have come.
    package enum Word {
        /// The head of the answer that was hoped for.
        case accepted(AnswerHead)
        /// Events follow. Where nothing is said of the position, `nil`.
        case open(HalleyClient.Resume?)
        case message(HalleyClient.Message)
        /// Some other answer, whole.
        case other(AnswerHead, [UInt8])
        /// The server wants to hear this.
        case reply([UInt8])
        /// The answer that was hoped for is over, and whole.
        case end
    }

    private enum Content {
        case stream(Stream)
        case sse(SSE)
        case poll(LongPoll)
        case socket(WebSocket)
        case other(AnswerHead, [UInt8])
    }

    private var reader: AnswerReader
    private var content: Content?
    private let transport: HalleyClient.Transport?
    let key: String?
    /// Whether another request may follow.
    package private(set) var keepsAlive = true

    /// The most that is read of an answer that isn't events, in bytes: a session's URL has 12 KiB.
    private static let longestOther = 65_536

    /// - Parameters:
    ///   - transport: `nil` where no events are asked for.
    ///   - key: what a WebSocket is asked for with, see ``WebSocketKey``.
    package init(_ transport: HalleyClient.Transport?, key: String? = nil) {
        self.transport = transport
        self.key = key
        reader = AnswerReader(takesUpgrade: key != nil)
    }

    /// When the server wants the client to come back after a loss.
    var retry: Duration? { if case .sse(let sse) = content { sse.retry } else { nil } }

    /// Reads on. What `words` has when this throws was said before the trouble.
    package mutating func take(_ bytes: UnsafeRawBufferPointer, into words: inout [Word]) throws {
        var rest = bytes
        while let part = try reader.next(&rest) {
            switch part {
            case .head(let head): try begin(head, &words)
            case .body(let bytes): try take(body: bytes, &words)
            case .end: try end(&words)
            }
        }
    }

    /// The connection has ended.
    ///
    /// - Throws: ``AnswerError`` when something was cut.
    package mutating func close(into words: inout [Word]) throws {
        guard reader.mayEnd else { throw AnswerError("the connection was cut in the middle of an answer") }
        keepsAlive = false
        if content != nil { try end(&words) }
    }

    private mutating func begin(_ head: AnswerHead, _ words: inout [Word]) throws {
        guard head.status >= 200 || head.status == 101 else { return }
        keepsAlive = !head.has("close", in: "connection")
        guard let transport, transport.isServed(by: head) else {
            content = .other(head, [])
            return
        }
        content =
            switch transport {
            case .stream: .stream(Stream())
            case .sse: .sse(SSE())
            case .longPoll: .poll(LongPoll())
            case .websocket: .socket(WebSocket())
            }
        if transport == .websocket {
            guard let key, head.fields["sec-websocket-accept"] == WebSocketKey.answer(to: key) else {
                throw AnswerError("the answer to an upgrade isn't one to its key")
            }
            words.append(.accepted(head))
        } else {
            words.append(.accepted(head))
            words.append(.open(head.fields["halley-resume"].flatMap { HalleyClient.Resume(rawValue: $0) }))
        }
    }

    private mutating func take(body: UnsafeRawBufferPointer, _ words: inout [Word]) throws {
        var messages: [HalleyClient.Message] = []
        defer { words += messages.map { .message($0) } }
        switch content {
        case .stream(var stream):
            content = nil
            defer { content = .stream(stream) }
            try stream.take(body, into: &messages)
        case .sse(var sse):
            content = nil
            defer { content = .sse(sse) }
            try sse.take(body, into: &messages)
        case .poll(var poll):
            content = nil
            defer { content = .poll(poll) }
            try poll.take(body)
        case .socket(var socket):
            content = nil
            defer { content = .socket(socket) }
            try socket.take(body, into: &words)
        case .other(let head, var text):
            guard text.count + body.count <= Self.longestOther else {
                throw AnswerError("an answer that isn't events is over 64 KiB long")
            }
            content = nil
            text.append(contentsOf: body)
            content = .other(head, text)
        case nil: break
        }
    }

    private mutating func end(_ words: inout [Word]) throws {
        defer { content = nil }
        switch content {
        case .poll(var poll):
            words += try poll.finish().map { .message($0) }
            words.append(.end)
        case .stream, .sse, .socket: words.append(.end)
        case .other(let head, let text): words.append(.other(head, text))
        case nil: break
        }
    }
}
