import NIOCore
import NIOPosix

/// One connection to Redis, from the moment it may be used until it ends. It doesn't come back: a ``RedisCommandLink``
/// makes the next.
public final class RedisConnection: RedisCommands {
    let channel: any Channel
    private let bound: NIOLoopBound<RedisConnectionHandler>

    private init(channel: any Channel, handler: RedisConnectionHandler) {
        self.channel = channel
        bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    /// Connects, sends `AUTH` and `SELECT` where the endpoint asks for them, and is done when Redis has agreed.
    /// - Throws: ``RedisErrorReply`` when Redis refused, ``RedisError`` or NIO's own errors when it couldn't be reached.
    public static func connect(
        to endpoint: RedisEndpoint, on eventLoop: any EventLoop, options: RedisLinkOptions = RedisLinkOptions()
    ) -> EventLoopFuture<RedisConnection> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(options.connectTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RedisConnectionHandler(options: options))
                }
            }
        let connected =
            switch endpoint.address {
            case .tcp(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
            case .unix(let path):
                bootstrap.connect(unixDomainSocketPath: path)
            }
        return connected.flatMapThrowing { channel in
            do {
                let handler = try channel.pipeline.syncOperations.handler(type: RedisConnectionHandler.self)
                return RedisConnection(channel: channel, handler: handler)
            } catch {
                // A channel that has ended has no handlers any more.
                throw RedisError.lost("the server closed the connection at once")
            }
        }.flatMap { $0.greet(endpoint) }
    }

    /// The same for those who wait.
    public static func connect(
        to endpoint: RedisEndpoint, on eventLoop: any EventLoop, options: RedisLinkOptions = RedisLinkOptions()
    ) async throws -> RedisConnection {
        let connected: EventLoopFuture<RedisConnection> = connect(to: endpoint, on: eventLoop, options: options)
        return try await connected.get()
    }

    /// Both commands leave at once. The first refusal is the one that counts.
    private func greet(_ endpoint: RedisEndpoint) -> EventLoopFuture<RedisConnection> {
        var replies: [EventLoopFuture<RESPValue>] = []
        if let credentials = endpoint.credentials {
            let user: [any RedisArgument] = credentials.user.map { [$0] } ?? []
            replies.append(enqueue(RedisCommand(arguments: ["AUTH"] + user + [credentials.password])))
        }
        if endpoint.database != 0 { replies.append(enqueue(RedisCommand("SELECT", endpoint.database))) }
        return EventLoopFuture.andAllSucceed(replies, on: eventLoop)
            .map { self }
            .flatMapErrorThrowing { error in
                self.close()
                throw error
            }
    }

    /// The event loop that the connection's work is done on.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Done when the connection has ended, whoever ended it.
    public var closed: EventLoopFuture<Void> { channel.closeFuture }

    /// Sends a command. May be called from anywhere; commands sent from one place keep their order.
    /// - Returns: the reply. Fails with a ``RedisErrorReply``, which Redis answered, or with a ``RedisError``.
    public func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> { enqueue(command) }

    /// Sends a command and waits for its reply. See ``RedisCommands``.
    @discardableResult
    public func send(_ command: RedisCommand) async throws -> RESPValue { try await enqueue(command).get() }

    private func enqueue(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        let promise = eventLoop.makePromise(of: RESPValue.self)
        if eventLoop.inEventLoop {
            bound.value.send(command, promise: promise)
        } else {
            eventLoop.execute { self.bound.value.send(command, promise: promise) }
        }
        return promise.futureResult
    }

    /// Closes the connection; what still waits for replies fails with the reason.
    public func close(_ reason: RedisError = .closed) {
        if eventLoop.inEventLoop {
            bound.value.end(reason)
        } else {
            eventLoop.execute { self.bound.value.end(reason) }
        }
    }

    /// The handler, for a link on the same event loop.
    /// - Precondition: called on ``eventLoop``.
    var handler: RedisConnectionHandler { bound.value }
}
