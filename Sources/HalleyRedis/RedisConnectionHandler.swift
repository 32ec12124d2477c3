import NIOCore

/// The one handler of a connection to Redis: commands out, replies in. What a reply means is ``ReplyQueue``'s decision.
///
/// - Commands written in one turn of the event loop leave with one flush: pipelining costs no system call each.
/// - One timer stands for all deadlines: they fall due in the queue's order.
/// - What ends the connection fails everything that waits, once, with the reason.
final class RedisConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What comes without being an answer, on a connection that subscribes.
    enum Push {
        case message(channel: String, payload: [UInt8])
        case subscribed(String)
        case unsubscribed(String)
    }

    private let options: RedisLinkOptions
    private let reader = ReplyReader()
    private var queue = ReplyQueue<EventLoopPromise<RESPValue>>()
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var flushIsScheduled = false

    /// Why the connection ended, or is about to.
    private(set) var failure: RedisError?
    /// Told of messages and confirmations, in the order in which they came.
    var onPush: ((Push) -> Void)?

    init(options: RedisLinkOptions) { self.options = options }

    // MARK: - Commands

    func send(_ command: RedisCommand, promise: EventLoopPromise<RESPValue>) {
        do {
            try write(command) { deadline in
                queue.expectReply(for: promise, size: command.content.count, deadline: deadline)
            }
        } catch {
            promise.fail(error)
        }
    }

    /// `SUBSCRIBE` or `UNSUBSCRIBE`: Redis confirms each channel apart, by ``onPush``.
    func send(_ verb: SubscriptionVerb, _ channels: [String]) throws(RedisError) {
        let command = RedisCommand(arguments: [verb.rawValue] + channels)
        try write(command) { deadline in
            queue.expectConfirmations(channels.count, size: command.content.count, deadline: deadline)
        }
    }

    private func write(_ command: RedisCommand, expect: (NIODeadline) -> Void) throws(RedisError) {
        if let failure { throw failure == .closed ? .closed : .down(failure.description) }
        guard let context else { throw .down("not connected yet") }
        guard queue.count < options.maximumPendingCommands else {
            throw .tooManyPending("\(options.maximumPendingCommands) commands")
        }
        guard queue.pendingBytes + command.content.count <= options.maximumPendingBytes else {
            throw .tooManyPending("\(options.maximumPendingBytes) bytes")
        }
        var buffer = context.channel.allocator.buffer(capacity: command.content.count + 16 * command.lengths.count)
        try CommandEncoder.encode(command, into: &buffer)
        expect(.now() + options.replyDeadline)
        context.write(wrapOutboundOut(buffer), promise: nil)
        scheduleFlush(context)
        armTimer(context)
    }

    private func scheduleFlush(_ context: ChannelHandlerContext) {
        guard !flushIsScheduled else { return }
        flushIsScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.flushIsScheduled = false
            self.context?.flush()
        }
    }

    // MARK: - Deadlines

    private func armTimer(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline = queue.deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            guard let context = self.context, let deadline = self.queue.deadline else { return }
            if deadline <= .now() {
                self.end(.overdue(milliseconds: self.options.replyDeadline.nanoseconds / 1_000_000))
            } else {
                self.armTimer(context)
            }
        }
    }

    // MARK: - The end

    /// Closes the connection. Only the first reason counts.
    func end(_ reason: RedisError) {
        guard failure == nil else { return }
        failure = reason
        context?.close(promise: nil)
        failAll()
    }

    private func failAll() {
        timer?.cancel()
        timer = nil
        let reason = failure ?? .lost("closed")
        for promise in queue.removeAll() { promise.fail(reason) }
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        if failure == nil { failure = .lost("closed") }
        self.context = nil
        onPush = nil
        failAll()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        let buffer = unwrapInboundIn(data)
        do throws(RedisError) {
            try buffer.withUnsafeReadableBytes { bytes throws(RedisError) in
                // A callback may end the connection in the midst of a read; what came behind belongs to nobody then.
                try reader.read(bytes) { if failure == nil { receive($0) } }
            }
        } catch {
            end(error)
        }
    }

    private func receive(_ value: RESPValue) {
        switch queue.receive(value) {
        case .reply(let promise, .error(let reply)): promise.fail(reply)
        case .reply(let promise, let value): promise.succeed(value)
        case .message(let channel, let payload): onPush?(.message(channel: channel, payload: payload))
        case .subscribed(let channel): onPush?(.subscribed(channel))
        case .unsubscribed(let channel): onPush?(.unsubscribed(channel))
        case .refused(let reply): end(.lost("Redis refused a subscription: \(reply)"))
        case .violation(let what): end(.protocolViolation(what))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.lost("\(error)")) }

    func channelInactive(context: ChannelHandlerContext) {
        if failure == nil { failure = .lost("closed by Redis") }
        failAll()
        context.fireChannelInactive()
    }
}

/// The two commands whose answers are confirmations.
enum SubscriptionVerb: String {
    case subscribe = "SUBSCRIBE"
    case unsubscribe = "UNSUBSCRIBE"
}
