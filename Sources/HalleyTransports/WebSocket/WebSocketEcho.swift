import NIOCore

/// Sends back every message as it came, in one frame: what conformance tools ask a server for (`/ws-echo`). It takes the
/// place of the connection's handler, and has nothing of its bounds but those of a message: not for the public.
final class WebSocketEcho: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// 64 MiB, four times what the Autobahn suite sends at most.
    static let limits = WebSocketReader.Limits(frame: 1 << 26, message: 1 << 26)

    private var reader = WebSocketReader(limits: limits)
    private var isOver = false
    /// What the bytes are read to, for all connections.
    private let shared: NIOLoopBoundBox<ByteBuffer>
    private var early: ByteBuffer

    /// - Parameter early: what came behind the request.
    init(early: ByteBuffer, shared: NIOLoopBoundBox<ByteBuffer>) {
        self.early = early
        self.shared = shared
    }

    func handlerAdded(context: ChannelHandlerContext) {
        read(&early, context)
        early = ByteBuffer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        read(&bytes, context)
        FleetingReceiveAllocator.giveBack(bytes, to: shared)
    }

    private func read(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        do {
            while !isOver, let word = try reader.next(in: &bytes) {
                switch word {
                case .text(let text): send(WebSocketFrame.text(text), context)
                case .binary(let payload): send(WebSocketFrame.binary(payload), context)
                case .ping(let payload): send(WebSocketFrame.pong(payload), context)
                case .pong: break
                case .close(let code): end(WebSocketFrame.close(code), context)
                }
            }
        } catch {
            end(WebSocketFrame.close(error), context)
        }
        context.flush()
    }

    private func send(_ frame: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(frame), promise: nil)
    }

    private func end(_ frame: ByteBuffer, _ context: ChannelHandlerContext) {
        isOver = true
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in channel.close(mode: .output, promise: nil) }
        channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
    }

    /// Who doesn't read what it is sent isn't read either.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: context.channel.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
