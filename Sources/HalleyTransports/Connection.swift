import HalleyCore
import HalleyHub
import NIOCore

/// One client's connection, from its first byte to its last: reads a request, holds it, reads the next.
///
/// ```
///            ┌──────────── answered at once ──────────────┐
/// reading ───┴─▶ joining ─▶ streaming ─▶ ended            │
///    ▲   │││          └───▶ polling ──────────────────────┤
///    │   ││└─▶ probing ───────────────────────────────────┤
///    │   │└──▶ streaming, as a WebSocket ─▶ ended         │
///    │   └───▶ another handler, an echo for tests         │
///    └──────────────────────────────────────── keep-alive ┘
/// ```
/// It is the only handler in its channel, with NIO's HTTP handlers nowhere: they would cost each held connection two and
/// a half times the memory. What isn't needed while a request is held (the parser) is let go.
///
/// A hostile client could send its head a byte a minute, pipeline for ever behind a held request, or never read: each
/// state has its deadline, input behind a poll is bounded by the parser, behind a stream it is discarded, that of a
/// WebSocket is ``WebSocket``'s affair, and unsent bytes are bounded. How bytes leave is in ConnectionOutput.swift.
final class Connection: ChannelInboundHandler, Subscriber, WheelRider {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        case reading
        case joining(SubscriptionRequest)
        case streaming(WireFormat)
        /// The ``Poll`` from the first thing on that isn't an event.
        case polling(SubscriptionRequest, Poll?)
        case probing(HeldProbe)
        case ended
    }

    let server: TransportServer
    /// Whether it is the channel's only handler, so that bytes may go to the socket itself.
    private let isAlone: Bool
    private(set) var context: ChannelHandlerContext?
    var parser: HTTPRequestParser? = HTTPRequestParser()
    var state = State.reading
    /// When the present state's patience ends, or the next heartbeat is due.
    var deadline: NIODeadline
    var isDirty = false
    var outlet = Outlet.byNIO
    /// Events that leave when this turn of the loop ends.
    var due = Due.nothing
    /// When the stream ends, where its client limits it.
    private(set) var streamEnd: StreamEnd?
    /// What it is besides, where a stream's events go over a WebSocket.
    var webSocket: WebSocket?

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
        if let webSocket {
            var bytes = unwrapInboundIn(data)
            webSocket.read(&bytes)
            return FleetingReceiveAllocator.giveBack(bytes, to: server.receiveBuffer)
        }
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
                respond(server.busy(subscription, because: "\(error)"), keepsAlive: false)
            }
            if case .joining = state { deadline = server.now + server.bounds.join }
        case .probe(let probe): hold(probe)
        case .upgrade(let subscription, let head): upgrade(subscription, head: head)
        case .echo(let head): becomeEcho(head: head)
        }
    }

    private func hold(_ probe: Probe) {
        guard let context else { return }
        put(probe.beginning(server: server.name), isBounded: false)
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: probe.pause) { self.finishProbe() }
        state = .probing(HeldProbe(probe, timer: timer))
        server.held += 1
    }

    private func finishProbe() {
        guard case .probing(let held) = state else { return }
        release()
        answer(held.probe.ending, keepsAlive: held.probe.keepsAlive)
        goOnReading()
    }

    func refuse(_ error: HTTPRequestError) {
        switch state {
        case .reading: respond(.error(error.status, error.description), keepsAlive: false)
        case .joining, .streaming, .polling, .probing, .ended: close()
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
    func end(with bytes: ByteBuffer) {
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
            putDue(format)
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
        // Only what the socket took is known to move: while any of it waits here a backlog waits too, and is no slowness.
        case .streaming:
            outlet.unsent == 0 && due.size < Runs.longest && isWritable
                && streamEnd?.takes(behind: due.size, server.now) ?? true
        case .reading, .joining, .probing, .ended: false
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
            webSocket?.turnEnded()
            if streamEnd?.isReached(server.now) == true {
                end(with: format.ending)
            } else if !membership.isLive {
                server.hub.resumeBacklog(of: self)
            }
        case .polling(let request, let poll):
            // A poll without an event was marked for the answer before it.
            if due.isSomething || poll?.isDue == true { finish(request, poll) }
        case .reading:
            do { try readRequests() } catch { refuse(error) }
        case .joining, .probing, .ended: break
        }
    }

    private func finish(_ request: SubscriptionRequest, _ poll: Poll?) {
        let bytes = answer(to: request, poll, keepsAlive: request.keepsAlive)
        release()
        answer(bytes, keepsAlive: request.keepsAlive)
        goOnReading()
    }

    /// The next request may have come already.
    private func goOnReading() {
        guard parser?.isEmpty == false else { return }
        do { try readRequests() } catch { refuse(error) }
    }

    /// Without an event a client that has everything stands where the link is.
    private func answer(to request: SubscriptionRequest, _ poll: Poll?, keepsAlive: Bool) -> ByteBuffer {
        defer { due = .nothing }
        if poll?.words.isEmpty ?? true, let answer = answer(to: request, due, keepsAlive: keepsAlive) { return answer }
        let poll = poll ?? Poll(position: request.position)
        poll.take(&due)
        let position = poll.words.isEmpty && membership.isLive ? server.hub.position : poll.position
        let response =
            if case .callback(let callback) = request.page {
                JSONP.response(
                    callback,
                    JSONP.arguments(position: position, events: poll.words.map { $0.member(isScript: true) }),
                    position: position)
            } else {
                LongPoll.response(position: position, events: poll.words.map { $0.member(isScript: false) })
            }
        return response.serialized(server: server.name, keepsAlive: keepsAlive)
    }

    /// The answer that carries what is due and nothing else, mostly of bytes that others share.
    private func answer(to request: SubscriptionRequest, _ due: Due, keepsAlive: Bool) -> ByteBuffer? {
        guard case .callback(let callback) = request.page else {
            return LongPoll.answer(due, server: server.name, keepsAlive: keepsAlive)
        }
        guard let (position, arguments) = JSONP.arguments(due) else { return nil }
        return JSONP.response(callback, arguments, position: position)
            .serialized(server: server.name, keepsAlive: keepsAlive)
    }

    private func release() {
        switch state {
        case .joining, .streaming, .polling:
            server.hub.leave(self)
            server.held -= 1
            due = .nothing
            streamEnd = nil
            webSocket?.end()
            webSocket = nil
            state = .ended
        case .probing(let held):
            held.cancel()
            server.held -= 1
            state = .ended
        case .reading, .ended: break
        }
    }

    // MARK: - The wheel

    /// Called about once a second.
    func visit(now: NIODeadline) {
        if server.isStopping { return leaveForGood(now: now) }
        if streamEnd?.isDue(now) == true { endStream(now) }
        webSocket?.visit(now: now)
        guard now >= deadline else { return }
        switch state {
        case .reading:
            if parser?.isEmpty == true {
                close()
            } else {
                respond(.error(.requestTimeout, "the request's head took too long"), keepsAlive: false)
            }
        case .joining(let request):
            respond(server.busy(request, because: "the broker doesn't answer"), keepsAlive: false)
        case .streaming(let format):
            deadline = now + server.bounds.heartbeat
            // It says where the client stands with what is due.
            putDue(format)
            // A client that has taken nothing for so long ends here as too slow.
            putHeartbeat(format, membership.isLive ? server.hub.position : nil)
        case .polling(let request, let poll): finish(request, poll)
        case .probing: break
        case .ended: close()
        }
    }

    /// A stream has gone on for long enough; one that has everything is told where it stands, and ends.
    private func endStream(_ now: NIODeadline) {
        guard case .streaming(let format) = state else { return }
        putDue(format)
        if membership.isLive, let position = server.hub.position { putHeartbeat(format, position) }
        if streamEnd?.isReached(now) == true { end(with: format.ending) }
    }

    /// The worker stops: every held request is ended so that its client comes back, and finds another worker.
    private func leaveForGood(now: NIODeadline) {
        switch state {
        case .reading: end(with: ByteBuffer())
        case .joining(let request):
            respond(server.busy(request, because: "this worker stops"), keepsAlive: false)
        case .streaming(let format): end(with: format.ending)
        case .polling(let request, let poll):
            answer(answer(to: request, poll, keepsAlive: false), keepsAlive: false)
        case .probing(let held): answer(held.probe.ending, keepsAlive: false)
        case .ended: if now >= deadline { close() }
        }
    }
}
