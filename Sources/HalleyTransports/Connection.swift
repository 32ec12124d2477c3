import HalleyCore
import HalleyHub
import NIOCore

/// One client's connection, from its first byte to its last: reads a request, holds it, reads the next.
///
/// ```
///            ┌──────────── answered at once ──────────────┐
/// reading ───┴─▶ joining ─▶ streaming ─▶ ended            │
///    ▲                └───▶ polling ──────────────────────┤
///    └──────────────────────────────────────── keep-alive ┘
/// ```
/// It is the only handler in its channel, with NIO's HTTP handlers nowhere: they would cost each held connection two and
/// a half times the memory. What isn't needed while a request is held (the parser) is let go.
///
/// A hostile client could send its head a byte a minute, pipeline for ever behind a held request, or never read: each
/// state has its deadline, input behind a poll is bounded by the parser, behind a stream it is discarded, and unsent
/// bytes are bounded. How bytes leave is in ConnectionOutput.swift.
final class Connection: ChannelInboundHandler, Subscriber, WheelRider {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        case reading
        case joining(SubscriptionRequest)
        case streaming(WireFormat)
        /// The ``Poll`` from the first thing on that isn't an event.
        case polling(SubscriptionRequest, Poll?)
        case ended
    }

    let server: TransportServer
    /// Whether it is the channel's only handler, so that bytes may go to the socket itself.
    private let isAlone: Bool
    private(set) var context: ChannelHandlerContext?
    private var parser: HTTPRequestParser? = HTTPRequestParser()
    private(set) var state = State.reading
    /// When the present state's patience ends, or the next heartbeat is due.
    var deadline: NIODeadline
    var isDirty = false
    var outlet = Outlet.byNIO
    /// Events that leave when this turn of the loop ends.
    var due = Due.nothing

    var membership = Membership()
    var wheelSeat = WheelSeat()

    init(server: TransportServer, isAlone: Bool) {
        self.server = server
        self.isAlone = isAlone
        deadline = server.now + server.bounds.head
    }

    // MARK: - The socket

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Not before: a channel that fails on its way here is never told that it ended.
    func channelActive(context: ChannelHandlerContext) {
        if isAlone { outlet = .nearest(to: context) }
        if !server.opened(self) { close() }
    }

    func channelInactive(context: ChannelHandlerContext) { forget() }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    private func forget() {
        outlet.close()
        release()
        state = .ended
        parser = nil
        server.closed(self)
        context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard parser != nil else { return }
        do {
            let isAtBeginning = parser?.isEmpty == true
            let bytes = unwrapInboundIn(data)
            try parser?.append(bytes)
            FleetingReceiveAllocator.giveBack(bytes, to: server.receiveBuffer)
            try readRequests()
            if isAtBeginning, case .reading = state, parser?.isEmpty == false {
                // A head begins, and is not whole: mostly it is, and nobody looks at a clock for it.
                deadline = min(deadline, server.now + server.bounds.head)
            }
        } catch {
            refuse(error)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { clientTookBytes() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer, most often. Nothing can be said to it any more.
        close()
    }

    // MARK: - Requests

    func readRequests() throws(HTTPRequestError) {
        // A client that pipelines and doesn't read its answers waits here, and the parser's bound ends it.
        while case .reading = state, isWritable, let request = try parser?.next() {
            handle(request)
        }
    }

    private func handle(_ request: HTTPRequest) {
        switch server.answer(to: request) {
        case .respond(let response, let thenClose):
            respond(
                response, keepsAlive: request.keepsAlive && !thenClose, includesBody: request.method != "HEAD")
        case .subscribe(let subscription):
            state = .joining(subscription)
            server.held += 1
            do {
                try server.hub.join(self, channels: subscription.channels, from: subscription.position)
            } catch {
                release()
                respond(server.busy(subscription.transport, because: "\(error)"), keepsAlive: false)
            }
            if case .joining = state { deadline = server.now + server.bounds.join }
        }
    }

    func refuse(_ error: HTTPRequestError) {
        switch state {
        case .reading: respond(.error(error.status, error.description), keepsAlive: false)
        case .joining, .streaming, .polling, .ended: close()
        }
    }

    private func respond(_ response: HTTPResponse, keepsAlive: Bool, includesBody: Bool = true) {
        let bytes = response.serialized(server: server.name, keepsAlive: keepsAlive, includesBody: includesBody)
        answer(bytes, keepsAlive: keepsAlive)
    }

    private func answer(_ bytes: ByteBuffer, keepsAlive: Bool) {
        if keepsAlive {
            state = .reading
            // The next head may have begun to arrive already.
            deadline = server.now + (parser?.isEmpty == true ? server.bounds.idle : server.bounds.head)
            put(bytes, isBounded: false)
        } else {
            end(with: bytes)
        }
    }

    /// Says the last word and closes once it is sent. Whatever the client still sends is discarded, and the wheel ends
    /// a client that doesn't take it.
    private func end(with bytes: ByteBuffer) {
        if case .streaming(let format) = state { putDue(format) }
        guard let context else { return }
        release()
        state = .ended
        parser = nil
        deadline = server.now + server.bounds.head
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in
            // Half a close first: a full one would send a reset if the client's bytes are still unread, and the reset
            // would overtake the answer. The client's own close, or the wheel, ends the rest.
            channel.close(mode: .output, promise: nil)
        }
    }

    func close() {
        context?.close(promise: nil)
    }

    // MARK: - The hub's word

    func joined(_ resume: Resume, at position: Position?) {
        guard case .joining(let request) = state else { return }
        switch request.transport {
        case .sse, .stream:
            let format = WireFormat(request)
            parser = nil
            state = .streaming(format)
            deadline = server.now + server.firstHeartbeat()
            put(
                format.opening(
                    resume: resume, retry: server.retry(), position: position, server: server.name))
        case .longPoll:
            // Who gets everything stands where the request says.
            let isElsewhere = resume != .complete && position != nil
            state = .polling(request, isElsewhere ? Poll(position: position) : nil)
            deadline = server.now + server.bounds.poll
        }
    }

    func deliver(_ delivery: Delivery) {
        switch state {
        case .streaming(let format):
            isDue(delivery)
            if due.size > Runs.longest { putDue(format) }
        case .polling(_, let poll?) where !poll.words.isEmpty: poll.append(delivery)
        case .polling: isDue(delivery)
        case .reading, .joining, .ended: return
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

    /// What a poll's answer carries besides events.
    private func gathered(_ request: SubscriptionRequest, _ poll: Poll?) -> Poll {
        if let poll { return poll }
        let poll = Poll(position: request.position)
        state = .polling(request, poll)
        return poll
    }

    func tell(_ gap: Gap) {
        switch state {
        case .streaming(let format):
            putDue(format)
            put(format.gap(gap))
        case .polling(let request, let poll):
            let poll = gathered(request, poll)
            poll.take(&due)
            poll.words.append(.gap(gap))
        case .reading, .joining, .ended: break
        }
    }

    func reached(_ position: Position) {
        switch state {
        case .streaming(let format):
            putDue(format)
            put(format.heartbeat(position))
        case .polling(let request, let poll):
            let poll = gathered(request, poll)
            poll.take(&due)
            poll.position = position
            guard !poll.words.isEmpty else { return }
            poll.isDue = true
            server.markDirty(self)
        case .reading, .joining, .ended: break
        }
    }

    var takesBacklog: Bool {
        switch state {
        case .polling(_, let poll): (poll?.bytes ?? 0) + due.size < server.bounds.outboundBytes
        // Only what the socket took is known to move: while any of it waits here a backlog waits too, and is no slowness.
        case .streaming: outlet.unsent == 0 && due.size < Runs.longest && isWritable
        case .reading, .joining, .ended: false
        }
    }

    /// The turn of the loop is over: what is due leaves in one go.
    func flush() {
        // First: what happens from here on (the next request, a backlog that goes on in the room made) may need the next
        // turn as well.
        isDirty = false
        switch state {
        case .streaming(let format):
            putDue(format)
            if !membership.isLive { server.hub.resumeBacklog(of: self) }
        case .polling(let request, let poll):
            // A poll without an event was marked for the answer before it.
            if due.isSomething || poll?.isDue == true { finish(request, poll) }
        case .reading:
            do { try readRequests() } catch { refuse(error) }
        case .joining, .ended: break
        }
    }

    private func finish(_ request: SubscriptionRequest, _ poll: Poll?) {
        let bytes = answer(to: request, poll, keepsAlive: request.keepsAlive)
        release()
        answer(bytes, keepsAlive: request.keepsAlive)
        // The next request may have come already.
        guard parser?.isEmpty == false else { return }
        do { try readRequests() } catch { refuse(error) }
    }

    /// Without an event a client that has everything stands where the link is.
    private func answer(to request: SubscriptionRequest, _ poll: Poll?, keepsAlive: Bool) -> ByteBuffer {
        defer { due = .nothing }
        if poll?.words.isEmpty ?? true,
            let answer = LongPoll.answer(due, server: server.name, keepsAlive: keepsAlive)
        {
            return answer
        }
        let poll = poll ?? Poll(position: request.position)
        poll.take(&due)
        let position = poll.words.isEmpty && membership.isLive ? server.hub.position : poll.position
        return LongPoll.response(position: position, events: poll.words.map(\.member))
            .serialized(server: server.name, keepsAlive: keepsAlive)
    }

    private func release() {
        switch state {
        case .joining, .streaming, .polling:
            server.hub.leave(self)
            server.held -= 1
            due = .nothing
            state = .ended
        case .reading, .ended: break
        }
    }

    // MARK: - The wheel

    /// Called about once a second.
    func visit(now: NIODeadline) {
        if server.isStopping { return leaveForGood(now: now) }
        guard now >= deadline else { return }
        switch state {
        case .reading:
            if parser?.isEmpty == true {
                close()
            } else {
                respond(.error(.requestTimeout, "the request's head took too long"), keepsAlive: false)
            }
        case .joining(let request):
            respond(server.busy(request.transport, because: "the broker doesn't answer"), keepsAlive: false)
        case .streaming(let format):
            deadline = now + server.bounds.heartbeat
            // It says where the client stands with what is due.
            putDue(format)
            // A client that has taken nothing for so long ends here as too slow.
            put(server.heartbeat(format, isLive: membership.isLive))
        case .polling(let request, let poll): finish(request, poll)
        case .ended: close()
        }
    }

    /// The worker stops: every held request is ended so that its client comes back, and finds another worker.
    private func leaveForGood(now: NIODeadline) {
        switch state {
        case .reading: end(with: ByteBuffer())
        case .joining(let request):
            respond(server.busy(request.transport, because: "this worker stops"), keepsAlive: false)
        case .streaming(let format): end(with: format.ending)
        case .polling(let request, let poll):
            answer(answer(to: request, poll, keepsAlive: false), keepsAlive: false)
        case .ended: if now >= deadline { close() }
        }
    }
}
