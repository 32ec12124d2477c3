import FreePort
import HalleyRedis
import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and Redis, and can swallow pub/sub messages while everything else passes: the link that looks
/// healthy and is deaf.
public final class DeafeningProxy: Sendable {
    /// Where clients connect.
    public let endpoint: RedisEndpoint

    private let listener: any Channel
    private let isDeaf: SharedFlag

    /// A proxy to a server, which hears.
    public init(to server: RedisServer) async throws {
        guard case .unix(let path) = server.endpoint.address else { fatalError("the server is on a Unix socket") }
        let isDeaf = SharedFlag()
        self.isDeaf = isDeaf
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { client in
                // Autoread off until the other half is there.
                client.setOption(.autoRead, value: false).flatMap {
                    ClientBootstrap(group: client.eventLoop).connect(unixDomainSocketPath: path)
                }.flatMapThrowing { server in
                    try server.pipeline.syncOperations.addHandler(Half(to: client, isDeaf: isDeaf))
                    try client.pipeline.syncOperations.addHandler(Half(to: server, isDeaf: nil))
                    client.setOption(.autoRead, value: true).whenComplete { _ in }
                }
            }
            .bind(host: "127.0.0.1", port: FreePort.next()).get()
        endpoint = RedisEndpoint(address: .tcp(host: "127.0.0.1", port: listener.localAddress?.port ?? 0))
    }

    /// Whether messages are swallowed.
    public func deafen(_ deaf: Bool) { isDeaf.value.withLock { $0 = deaf } }

    /// Takes no more clients.
    public func close() { listener.close(promise: nil) }
}

/// A mutex can't be captured itself.
private final class SharedFlag: Sendable {
    let value = Mutex(false)
}

/// One direction.
private final class Half: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let isDeaf: SharedFlag?

    init(to other: any Channel, isDeaf: SharedFlag?) {
        self.other = other
        self.isDeaf = isDeaf
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let isDeaf, isDeaf.value.withLock({ $0 }), String(buffer: buffer).contains("$7\r\nmessage\r\n") { return }
        other.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
}
