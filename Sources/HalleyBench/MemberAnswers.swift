import HalleyClient
import HalleyCore
import NIOCore

/// What a member makes of the answers that it gets.
extension Member {
    /// The largest answer to a poll, in bytes: several of the largest payloads.
    private static let maximumBody = 64 << 20

    func begin(_ head: AnswerHead) throws {
        guard head.status >= 200 || head.status == 101 else { return }
        self.head = head
        keepsAlive = !head.has("close", in: "connection")
        if let location = head.fields["location"], [301, 302, 307, 308].contains(head.status) {
            guard let url = ServerURL(location), !url.isSecure else {
                throw AnswerError("redirected to '\(location.prefix(64))', no http:// URL")
            }
            self.url = url
            keepsAlive = false
        } else if head.status != transport.acceptance {
            refuse(head.status)
        } else if transport == .websocket {
            guard let key, head.fields["sec-websocket-accept"] == WebSocketKey.answer(to: key) else {
                throw AnswerError("the answer to an upgrade isn't one to its key")
            }
            self.key = nil
        } else {
            guard head.has(transport.contentType, in: "content-type") else {
                throw AnswerError("the answer isn't \(transport.contentType)")
            }
        }
    }

    private var transport: BenchSettings.Transport { crowd.settings.transport }
    private var isAccepted: Bool { head?.status == transport.acceptance }

    private func refuse(_ status: Int) {
        crowd.counts.refusals[status, default: 0] += 1
        keepsAlive = false
    }

    func take(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws {
        guard isAccepted else { return }
        var rest = bytes
        switch reading {
        case .eventStream(var lines, var fields):
            reading = .whole([])
            defer { reading = .eventStream(lines, fields) }
            while let isOver = try lines.next(&rest, { fields.take($0) }) {
                if isOver { dispatch(fields, now: now) }
            }
        case .lines(var lines):
            reading = .whole([])
            defer { reading = .lines(lines) }
            // An empty line is a heartbeat without a position.
            while try lines.next(
                &rest,
                { (line) -> Void in
                    if !line.isEmpty { try take(message: line, now: now) }
                }) != nil
            {}
        case .parts(var parts):
            reading = .whole([])
            defer { reading = .parts(parts) }
            while try parts.next(&rest, { try take(message: $0, now: now) }) {}
        case .scripts(var scripts):
            reading = .whole([])
            defer { reading = .scripts(scripts) }
            while try scripts.next(&rest, { try take(message: $0, now: now) }) {}
        case .frames(var frames):
            reading = .whole([])
            defer { reading = .frames(frames) }
            while let frame = try frames.next(&rest), try take(frame, now: now) {}
        case .whole(var body):
            guard body.count + bytes.count <= Self.maximumBody else { throw AnswerError("an answer is over 64 MiB") }
            reading = .whole([])
            body.append(contentsOf: bytes)
            reading = .whole(body)
        }
    }

    /// - Returns: whether another may follow.
    private func take(_ frame: WebSocketFrames.Frame, now: UInt64) throws -> Bool {
        switch frame {
        case .text(let text): try text.withUnsafeBytes { try take(message: $0, now: now) }
        case .ping(let payload): say(WebSocketFrames.pong(payload))
        case .pong: break
        case .close(let code, _):
            // 1001: its worker goes away.
            if code != 1_000, code != 1_001 { refuse(Int(code)) }
            end()
            return false
        }
        return true
    }

    func finish(_ context: ChannelHandlerContext, now: UInt64) throws {
        if isAccepted, transport.isRepeated {
            isAnswered = true
            if case .whole(let body) = reading {
                isAnswered = try body.withUnsafeBytes { try take(answer: $0, now: now) }
            }
        }
        if isAnswered, keepsAlive, !crowd.isStopping { ask(context) } else { context.close(promise: nil) }
    }

    /// A poll's, whole.
    ///
    /// - Returns: whether it is no refusal: JSONP has those under a 200.
    private func take(answer: UnsafeRawBufferPointer, now: UInt64) throws -> Bool {
        let message = try JSONMessage.read(transport == .jsonp ? ScriptCall.ofAnswer(answer) : answer)
        if let status = message.status {
            refuse(status)
            return false
        }
        for event in message.events { try take(event, now: now) }
        try take(message, now: now)
        return true
    }

    /// An SSE event, or an `id:` alone.
    private func dispatch(_ fields: EventStreamFields, now: UInt64) {
        retry = fields.retry ?? retry
        if let id = fields.id { stand(at: id) }
        guard fields.isEvent else { return }
        if fields.name.elementsEqual("~gap".utf8) {
            crowd.counts.gaps += 1
        } else if fields.name == crowd.channelNames[channel] {
            fields.data.withUnsafeBytes { take(payload: $0, now: now) }
        } else {
            crowd.counts.foreign += 1
        }
    }

    private func take(message text: UnsafeRawBufferPointer, now: UInt64) throws {
        try take(JSONMessage.read(text), now: now)
    }

    private func take(_ message: JSONMessage, now: UInt64) throws {
        if let error = message.error {
            throw AnswerError("the server says: \(String(decoding: error, as: UTF8.self))")
        }
        if let position = message.position { stand(at: Array(position)) }
        if message.isGap {
            crowd.counts.gaps += 1
        } else if let data = message.data {
            guard message.channel?.elementsEqual(crowd.channelNames[channel]) ?? false else {
                crowd.counts.foreign += 1
                return
            }
            take(payload: data, now: now)
        }
    }

    private func take(payload bytes: UnsafeRawBufferPointer, now: UInt64) {
        guard let event = crowd.payload.read(bytes) else {
            crowd.counts.foreign += 1
            return
        }
        guard event.number >= 0 else { return }
        ledger.take(event.number)
        crowd.received(due: event.due, now: now)
    }

    private func stand(at position: [UInt8]) {
        guard !position.isEmpty else { return }
        self.position = position
        setOpen(true)
    }

    func setOpen(_ open: Bool) {
        guard open != isOpen else { return }
        isOpen = open
        crowd.counts.open += open ? 1 : -1
        guard open, !hasOpened else { return }
        hasOpened = true
        crowd.counts.opened += 1
    }
}
