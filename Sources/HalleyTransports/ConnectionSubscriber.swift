import HalleyCore
import HalleyHub
import NIOCore

/// What the hub tells a connection, and what leaves of it when the turn of the loop is over.
extension Connection: Subscriber {
    func joined(_ resume: Resume, at position: Position?) {
        if let webSocket { return webSocket.joined(resume, at: position) }
        guard case .joining(let request) = state else { return }
        switch request.transport {
        case .sse, .stream, .iframe, .multipart, .websocket:
            let format = WireFormat(request)
            parser = nil
            state = .streaming(format)
            streamEnd = StreamEnd(request.limits, now: server.now)
            deadline = server.now + server.firstHeartbeat()
            put(
                format.opening(
                    to: request, resume: resume, retry: server.retry(), position: position, server: server.name))
        case .longPoll, .jsonp:
            // Who gets everything stands where the request says.
            let isElsewhere = resume != .complete && position != nil
            state = .polling(request, isElsewhere ? Poll(position: position) : nil)
            deadline = server.now + server.patience(of: request)
        }
    }

    func deliver(_ delivery: Delivery) {
        switch state {
        case .streaming(let format):
            if !membership.isLive { isBacklogDue = true }
            isDue(delivery)
            if due.size > Runs.longest { putDue(format) }
        case .polling(_, let poll?) where !poll.words.isEmpty: poll.append(delivery)
        case .polling: isDue(delivery)
        case .reading, .joining, .probing, .ended: return
        }
        server.markDirty(self)
    }

    private func isDue(_ delivery: Delivery) {
        if case .nothing = due {
            due = .event(delivery)
        } else {
            due = due.followed(by: delivery, in: &server.runs)
        }
    }

    func tell(_ gap: Gap) {
        switch state {
        case .streaming(let format):
            putDue(format)
            let bytes = format.gap(gap)
            streamEnd?.sent(bytes.readableBytes, settles: false)
            put(bytes)
        case .polling(let request, let poll):
            let poll = gathered(request, poll)
            poll.take(&due)
            poll.words.append(.gap(gap))
        case .reading, .joining, .probing, .ended: break
        }
    }

    func reached(_ position: Position) {
        switch state {
        case .streaming(let format):
            let wasLive = membership.isLive
            putDue(format)
            // It fell behind just now, and does not stand there.
            guard membership.isLive == wasLive else { return }
            putHeartbeat(format, position)
            if streamEnd?.isReached(server.now) == true { server.markDirty(self) }
        case .polling(let request, let poll):
            let poll = gathered(request, poll)
            poll.take(&due)
            poll.position = position
            guard !poll.words.isEmpty else { return }
            poll.isDue = true
            server.markDirty(self)
        case .reading, .joining, .probing, .ended: break
        }
    }

    var takesBacklog: Bool {
        switch state {
        case .polling(_, let poll): (poll?.bytes ?? 0) + due.size < server.bounds.outboundBytes
        // Only what the socket took is known to move: while any of it waits here a backlog waits too, and is no slowness as long as the client takes something.
        case .streaming:
            outlet.unsent == 0 && due.size < Runs.longest && isWritable
                && streamEnd?.takes(behind: due.size, server.now) ?? true
        case .reading, .joining, .probing, .ended: false
        }
    }

    /// A backlog moves on, as far as the client takes it.
    func goOn() {
        server.hub.resumeBacklog(of: self)
        if server.hub.isLost(self) { closeAsTooSlow() }
    }

    /// The turn of the loop is over: what is due leaves in one go.
    func flush() {
        // First: what happens from here on (the next request, a backlog that goes on in the room made) may need the next
        // turn as well.
        isDirty = false
        switch state {
        case .streaming(let format):
            putDue(format)
            webSocket?.turnEnded()
            if streamEnd?.isReached(server.now) == true {
                end(with: format.ending)
            } else if !membership.isLive {
                goOn()
            }
        case .polling(let request, let poll):
            // A poll without an event was marked for the answer before it.
            if due.isSomething || poll?.isDue == true { finish(request, poll) }
        case .reading:
            do { try readRequests() } catch { refuse(error) }
        case .joining, .probing, .ended: break
        }
    }
}
