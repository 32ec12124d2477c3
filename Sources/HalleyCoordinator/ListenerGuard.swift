import NIOCore
import NIOHTTP1

/// Sits between the HTTP decoder and Hummingbird, and does what ``RequestPace`` decides: ends connections that are too
/// slow, and answers what can't be read with a status and a reason instead of a silent close.
///
/// A hostile client could otherwise hold sockets by sending slowly, or have a request taken that names two hosts: an
/// absolute-form target, or a second `Host` field, is one host to a proxy and another to us.
final class ListenerGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var pace: RequestPace
    private var context: ChannelHandlerContext?
    private var timer: (task: Scheduled<Void>, at: RequestPace.Instant)?

    init(bounds: RequestPace.Bounds) { pace = RequestPace(bounds: bounds, now: .now) }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        schedule()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        timer?.task.cancel()
        timer = nil
        context = nil
    }

    /// Bytes came, of which the decoder may not make anything yet.
    fileprivate func bytesCame() {
        pace.bytesCame(now: .now)
        schedule()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !pace.isLingering else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            pace.headCame(now: .now)
            if let refusal = Refusal(head) {
                perform(pace.refused(now: .now), refusal)
            } else {
                context.fireChannelRead(data)
            }
        case .body:
            context.fireChannelRead(data)
        case .end:
            pace.requestEnded(now: .now)
            context.fireChannelRead(data)
        }
        schedule()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let action = pace.parsingFailed(now: .now)
        if action == .failReader {
            context.fireErrorCaught(error)
        } else {
            perform(action, Refusal(error))
        }
        schedule()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Behind an answer given here, another one would be a second to the same request.
        guard !pace.isLingering else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head) where pace.endsWithAnswer:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            context.write(data, promise: promise)
            perform(pace.answerWritten(now: .now), .malformed)
            schedule()
        default:
            context.write(data, promise: promise)
        }
    }

    private func perform(_ action: RequestPace.Action, _ refusal: Refusal) {
        guard let context else { return }
        switch action {
        case .none: break
        case .close: context.close(promise: nil)
        case .failReader: context.fireErrorCaught(RequestError.bodyTooSlow)
        case .linger:
            context.flush()
            context.close(mode: .output, promise: nil)
        case .refuse:
            for part in refusal.answer { context.write(wrapOutboundOut(part), promise: nil) }
            context.flush()
            context.close(mode: .output, promise: nil)
        }
    }

    private func schedule() {
        guard let context, let deadline = pace.deadline else { return }
        if let timer {
            guard deadline < timer.at else { return }
            timer.task.cancel()
        }
        let delay = TimeAmount(ContinuousClock.now.duration(to: deadline))
        let task = context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            self.timer = nil
            self.perform(self.pace.timeout(now: .now), .headTooSlow)
            self.schedule()
        }
        timer = (task, deadline)
    }
}

/// First in the pipeline: tells the guard of bytes before the decoder swallows them.
final class ArrivalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let guardian: ListenerGuard

    init(telling guardian: ListenerGuard) { self.guardian = guardian }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guardian.bytesCame()
        context.fireChannelRead(data)
    }
}
