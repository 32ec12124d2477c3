import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1.1 with a ``ListenerGuard`` behind the decoder.
struct GuardedHTTP: ServerChildChannel {
    /// How many connections one listener holds; more wait in the kernel's queue. 4,096: browsers hold none here, and a
    /// process has other descriptors too.
    static let maximumConnections = 4_096

    private let http: HTTP1Channel
    private let bounds: RequestPace.Bounds

    init(responder: @escaping HTTPChannelHandler.Responder, bounds: RequestPace.Bounds) {
        self.bounds = bounds
        // The guard keeps the time; Hummingbird's own idle timer would close without an answer.
        http = HTTP1Channel(
            responder: responder,
            configuration: .init(
                idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: HeadBounds.bytes, maxHeaderListSize: HeadBounds.bytes,
                    maxHeaderFieldCount: HeadBounds.fields)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { [bounds] value in
            let operations = channel.pipeline.syncOperations
            let decoder = try operations.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let guardian = ListenerGuard(bounds: bounds)
            try operations.addHandler(guardian, position: .after(decoder))
            try operations.addHandler(ArrivalHandler(telling: guardian), position: .first)
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
