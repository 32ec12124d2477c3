import NIOCore
import NIOPosix
import NIOSSL

/// One connection to a server. Bytes come when they are asked for; closed when nobody holds it any more.
final class Wire: Sendable {
    private let channel: any Channel
    private let inlet: NIOLoopBound<Inlet>

    private init(channel: any Channel, inlet: Inlet) {
        self.channel = channel
        self.inlet = NIOLoopBound(inlet, eventLoop: channel.eventLoop)
    }

    deinit { close() }

    func close() { channel.close(promise: nil) }

    var isOpen: Bool { channel.isActive }

    // MARK: - Connecting

    /// - Parameters:
    ///   - tls: `nil` for `http`.
    ///   - readAhead: how much is read before it is asked for, in bytes, about.
    static func connect(
        to url: ServerURL, tls: NIOSSLContext?, within patience: Duration, readAhead: Int
    ) async throws -> Wire {
        let loop = NIOSingletons.posixEventLoopGroup.next()
        let host = url.isThisMachine ? "127.0.0.1" : url.address.host
        let otherwise = url.isThisMachine ? "::1" : nil
        let open: @Sendable (String) -> EventLoopFuture<any Channel> = { host in
            ClientBootstrap(group: loop)
                .connectTimeout(TimeAmount(patience))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls {
                            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: url.serverName))
                        }
                        try pipeline.addHandler(Inlet(on: channel.eventLoop, readAhead: readAhead))
                    }
                }
                .connect(host: host, port: url.address.port)
        }
        let promise = loop.makePromise(of: Wire.self)
        open(host)
            .flatMapError { error in
                guard let otherwise else { return loop.makeFailedFuture(error) }
                return open(otherwise).flatMapErrorThrowing { _ in throw error }
            }
            .flatMapThrowing { Wire(channel: $0, inlet: try $0.pipeline.syncOperations.handler(type: Inlet.self)) }
            // After a cancellation nobody takes it, and so it is closed.
            .cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    // MARK: - Bytes

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// The next bytes; `nil` at the connection's end. A cancellation closes the connection.
    ///
    /// - Throws: ``WireError/silent`` when nothing comes in time, or what befell the connection.
    func receive(within patience: Duration) async throws -> ByteBuffer? {
        let (inlet, channel) = (inlet, channel)
        return try await withTaskCancellationHandler {
            try await channel.eventLoop.flatSubmit { inlet.value.take(within: TimeAmount(patience)) }.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

enum WireError: Error { case silent }

/// Holds what has come until it is taken, and doesn't read on while that is much: who is slow slows the server down, and
/// costs no memory here.
private final class Inlet: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let eventLoop: any EventLoop
    private let readAhead: Int
    private var context: ChannelHandlerContext?
    private var arrived = CircularBuffer<ByteBuffer>()
    private var bytes = 0
    private var wantsToRead = false
    private var waiter: EventLoopPromise<ByteBuffer?>?
    private var timeout: Scheduled<Void>?
    private var end: Result<ByteBuffer?, any Error>?

    init(on eventLoop: any EventLoop, readAhead: Int) {
        self.eventLoop = eventLoop
        self.readAhead = readAhead
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.success(nil))
        self.context = nil
    }

    func take(within patience: TimeAmount) -> EventLoopFuture<ByteBuffer?> {
        if let first = arrived.popFirst() {
            bytes -= first.readableBytes
            if wantsToRead, bytes < readAhead {
                wantsToRead = false
                context?.read()
            }
            return eventLoop.makeSucceededFuture(first)
        }
        if let end { return eventLoop.makeCompletedFuture(end) }
        let promise = eventLoop.makePromise(of: ByteBuffer?.self)
        waiter = promise
        timeout = eventLoop.assumeIsolated().scheduleTask(in: patience) {
            self.finish(.failure(WireError.silent))
            self.context?.close(promise: nil)
        }
        return promise.futureResult
    }

    func read(context: ChannelHandlerContext) {
        if bytes < readAhead { context.read() } else { wantsToRead = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard buffer.readableBytes > 0 else { return }
        if let waiter {
            self.waiter = nil
            timeout?.cancel()
            waiter.succeed(buffer)
        } else {
            bytes += buffer.readableBytes
            arrived.append(buffer)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.success(nil))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    private func finish(_ end: Result<ByteBuffer?, any Error>) {
        if self.end == nil { self.end = end }
        timeout?.cancel()
        waiter?.completeWith(end)
        waiter = nil
    }
}
