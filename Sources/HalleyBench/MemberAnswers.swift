import HalleyClient
import NIOCore

/// What a member makes of the answers that it gets.
extension Member {
    /// The largest answer to a poll, in bytes: several of the largest payloads.
    private static let maximumBody = 64 << 20

    func begin(_ head: AnswerHead) throws {
        guard head.status >= 200 else { return }
        self.head = head
        keepsAlive = !head.has("close", in: "connection")
        if let location = head.fields["location"], [301, 302, 307, 308].contains(head.status) {
            guard let url = ServerURL(location), !url.isSecure else {
                throw AnswerError("redirected to '\(location.prefix(64))', no http:// URL")
            }
            self.url = url
            keepsAlive = false
        } else if head.status != 200 {
            crowd.counts.refusals[head.status, default: 0] += 1
            keepsAlive = false
        } else {
            let expected =
                switch crowd.settings.transport {
                case .sse: "text/event-stream"
                case .stream: "application/x-ndjson"
                case .longPoll: "application/json"
                }
            guard head.has(expected, in: "content-type") else { throw AnswerError("the answer isn't \(expected)") }
        }
    }

    func take(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws {
        var rest = bytes
        guard head?.status == 200 else { return }
        switch crowd.settings.transport {
        case .sse:
            while let isOver = try lines.next(&rest, { fields.take($0) }) {
                if isOver { dispatch(now: now) }
            }
        case .stream:
            // An empty line is a heartbeat without a position.
            while try lines.next(
                &rest,
                { (line) -> Void in
                    if !line.isEmpty { try take(try JSONMessage.read(line), now: now) }
                }) != nil
            {}
        case .longPoll:
            guard body.count + bytes.count <= Self.maximumBody else { throw AnswerError("an answer is over 64 MiB") }
            body.append(contentsOf: bytes)
        }
    }

    func finish(_ context: ChannelHandlerContext, now: UInt64) throws {
        guard crowd.settings.transport == .longPoll, head?.status == 200 else {
            context.close(promise: nil)
            return
        }
        try body.withUnsafeBytes { bytes in
            let message = try JSONMessage.read(bytes)
            for event in message.events { try take(event, now: now) }
            try take(message, now: now)
        }
        if keepsAlive, !crowd.isStopping { ask(context) } else { context.close(promise: nil) }
    }

    /// An SSE event, or an `id:` alone.
    private func dispatch(now: UInt64) {
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

    private func take(_ message: JSONMessage, now: UInt64) throws {
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
