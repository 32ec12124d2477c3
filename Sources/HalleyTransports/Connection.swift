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
/// bytes are bounded by the channel's high-water mark.
final class Connection: ChannelInboundHandler, Subscriber, WheelRider {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case reading
        /// `indirect`: a request's parts are needed only until it has joined.
        indirect case joining(SubscriptionRequest)
        case streaming(WireFormat)
        case polling(Poll)
        case ended
    }

    /// What a poll has gathered in this turn of the loop.
    private final class Poll {
        let keepsAlive: Bool
        var words: [PollWord] = []
        var bytes = 0
        /// Whether the answer may leave: it carries an event, or gaps and the position behind them. Gaps alone move no
        /// position: answered with those the client would ask from the same place, and be told the same, for ever.
        var isDue = false
        /// Where the client stands with what was gathered.
        var position: Position?

        init(keepsAlive: Bool, position: Position?) {
            self.keepsAlive = keepsAlive
            self.position = position
        }
    }

    private let server: TransportServer
    private var context: ChannelHandlerContext?
    private var parser: HTTPRequestParser? = HTTPRequestParser()
    private var state = State.reading
    /// When the present state's patience ends, or the next heartbeat is due.
    private var deadline: NIODeadline
    private var isDirty = false

    var membership = Membership()
    var wheelSeat = WheelSeat()

    init(server: TransportServer) {
        self.server = server
        deadline = server.now + server.bounds.head
    }

    // MARK: - The socket

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Not before: a channel that fails on its way here is never told that it ended.
    func channelActive(context: ChannelHandlerContext) {
        if !server.opened(self) { close() }
    }

    func channelInactive(context: ChannelHandlerContext) { forget() }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    private func forget() {
        release()
        state = .ended
        parser = nil
        server.closed(self)
        context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard parser != nil else { return }
        do {
            if case .reading = state, parser?.isEmpty == true {
                // A head begins. `min`: empty lines, which begin none, put nothing off.
                deadline = min(deadline, server.now + server.bounds.head)
            }
            try parser?.append(unwrapInboundIn(data))
            try readRequests()
        } catch {
            refuse(error)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        // The client reads: what it took in the meantime shows life as well as a heartbeat.
        if case .streaming = state { deadline = server.now + server.bounds.heartbeat }
        server.hub.resumeBacklog(of: self)
        do { try readRequests() } catch { refuse(error) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer, most often. Nothing can be said to it any more.
        close()
    }

    // MARK: - Requests

    private func readRequests() throws(HTTPRequestError) {
        // A client that pipelines and doesn't read its answers waits here, and the parser's bound ends it.
        while case .reading = state, context?.channel.isWritable == true, let request = try parser?.next() {
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
            deadline = server.now + server.bounds.join
            server.held += 1
            do {
                try server.hub.join(self, channels: subscription.channels, from: subscription.position)
            } catch {
                release()
                respond(server.busy(subscription.transport, because: "\(error)"), keepsAlive: false)
            }
        }
    }

    private func refuse(_ error: HTTPRequestError) {
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
        guard let context else { return }
        if keepsAlive {
            state = .reading
            // The next head may have begun to arrive already.
            deadline = server.now + (parser?.isEmpty == true ? server.bounds.idle : server.bounds.head)
            context.write(wrapOutboundOut(bytes), promise: nil)
            server.markDirty(self)
        } else {
            end(with: bytes)
        }
    }

    /// Says the last word and closes once it is sent. Whatever the client still sends is discarded, and the wheel ends
    /// a client that doesn't take it.
    private func end(with bytes: ByteBuffer) {
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

    private func close() {
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
            send(
                format.opening(
                    resume: resume, retry: server.retry(), position: position, server: server.name))
        case .longPoll:
            state = .polling(Poll(keepsAlive: request.keepsAlive, position: position ?? request.position))
            deadline = server.now + server.bounds.poll
        }
    }

    func deliver(_ delivery: Delivery) {
        switch state {
        case .streaming(let format): send(format.frame(delivery))
        case .polling(let poll):
            poll.words.append(.event(delivery))
            poll.isDue = true
            poll.bytes += delivery.payload.count
            poll.position = delivery.position ?? poll.position
            server.markDirty(self)
        case .reading, .joining, .ended: break
        }
    }

    func tell(_ gap: Gap) {
        switch state {
        case .streaming(let format): send(format.gap(gap))
        case .polling(let poll):
            poll.words.append(.gap(gap))
        case .reading, .joining, .ended: break
        }
    }

    func reached(_ position: Position) {
        switch state {
        case .streaming(let format): send(format.heartbeat(position))
        case .polling(let poll):
            poll.position = position
            guard !poll.words.isEmpty else { return }
            poll.isDue = true
            server.markDirty(self)
        case .reading, .joining, .ended: break
        }
    }

    var takesBacklog: Bool {
        switch state {
        case .polling(let poll): poll.bytes < server.bounds.outboundBytes
        case .streaming: context?.channel.isWritable ?? false
        case .reading, .joining, .ended: false
        }
    }

    private func send(_ bytes: ByteBuffer) {
        guard let context else { return }
        // A burst within one turn of the loop hasn't been offered to the socket yet: only what that won't take is the
        // client's slowness.
        if !context.channel.isWritable { context.flush() }
        guard self.context != nil else { return }
        guard context.channel.isWritable else { return overflow() }
        context.write(wrapOutboundOut(bytes), promise: nil)
        server.markDirty(self)
    }

    private func overflow() {
        server.slowConsumers.increment()
        close()
    }

    /// The turn of the loop is over: what was written leaves in one go.
    func flush() {
        // First: what happens from here on (the next request, a backlog that goes on in the room made) may need the next
        // turn as well.
        isDirty = false
        // A poll without an event was marked for the answer before it.
        if case .polling(let poll) = state, poll.isDue { finish(poll) }
        context?.flush()
    }

    /// - Returns: whether the connection wasn't marked before.
    func markDirty() -> Bool {
        defer { isDirty = true }
        return !isDirty
    }

    private func finish(_ poll: Poll) {
        let bytes = answer(to: poll, keepsAlive: poll.keepsAlive)
        release()
        answer(bytes, keepsAlive: poll.keepsAlive)
        // The next request may have come already.
        do { try readRequests() } catch { refuse(error) }
    }

    /// Without an event a client that has everything stands where the link is.
    private func answer(to poll: Poll, keepsAlive: Bool) -> ByteBuffer {
        let position = poll.words.isEmpty && membership.isLive ? server.hub.position : poll.position
        return server.pollAnswer(poll.words, position: position, keepsAlive: keepsAlive)
    }

    private func release() {
        switch state {
        case .joining, .streaming, .polling:
            server.hub.leave(self)
            server.held -= 1
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
            // A client that has taken nothing for so long ends here as too slow.
            send(server.heartbeat(format, isLive: membership.isLive))
        case .polling(let poll): finish(poll)
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
        case .polling(let poll):
            answer(answer(to: poll, keepsAlive: false), keepsAlive: false)
        case .ended: if now >= deadline { close() }
        }
    }
}
