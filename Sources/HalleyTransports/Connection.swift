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
/// WebSocket is ``WebSocket``'s affair, and unsent bytes are bounded.
///
/// Here are its states, its socket and its end. Requests and their answers are in ConnectionRequests.swift, what the hub
/// tells it in ConnectionSubscriber.swift, held polls in ConnectionPolls.swift, the wheel's visits in
/// ConnectionWheel.swift, how bytes leave in ConnectionOutput.swift, and how it becomes a WebSocket in
/// ConnectionUpgrade.swift.
final class Connection: ChannelInboundHandler {
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
    /// Whether the first of those came before it was live: they aren't all in the rings, or some of them are twice.
    var isBacklogDue = false
    /// While bytes wait for it.
    var stall: StallWatch?
    /// When the stream ends, where its client limits it.
    var streamEnd: StreamEnd?
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

    /// Nobody behind it wants to know; passed on, every read would go there.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { clientTookBytes() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer, most often. Nothing can be said to it any more.
        close()
    }

    // MARK: - Its end

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

    /// Lets go of what is held, if anything is.
    func release() {
        switch state {
        case .joining, .streaming, .polling:
            server.hub.leave(self)
            server.held -= 1
            due = .nothing
            stall = nil
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

    private func forget() {
        outlet.close()
        release()
        state = .ended
        parser = nil
        server.closed(self)
        context = nil
    }
}
