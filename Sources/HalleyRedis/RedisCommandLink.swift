import Logging
import NIOCore

/// A way to send commands to Redis that mends itself: it connects again for ever, and while it has no connection, every
/// command fails at once with ``RedisError/down(_:)``. Nothing is queued for a server that isn't there, and nothing that
/// may have run is sent twice: whether to repeat is for the caller to know.
///
/// Commands are pipelined over one connection. Blocking ones (`BLPOP`, `XREAD BLOCK`, `SUBSCRIBE`, `MULTI` across
/// calls) don't belong here: they would hold up, or mix with, everybody else's.
public final class RedisCommandLink: RedisCommands {
    /// Runs on every new connection before anyone else may use it: loads scripts, checks the server. When it throws, the
    /// connection is closed and the next is tried.
    public typealias ConnectHook = @Sendable (RedisConnection) async throws -> Void

    /// The event loop that the link's work is done on.
    public let eventLoop: any EventLoop
    private let core: NIOLoopBoundBox<Core>

    /// A link that does nothing until ``start()``.
    /// - Parameters:
    ///   - name: what the link is for, in logs.
    ///   - onConnect: see ``ConnectHook``.
    public init(
        to endpoint: RedisEndpoint, on eventLoop: any EventLoop, name: String = "commands",
        options: RedisLinkOptions = RedisLinkOptions(), logger: Logger,
        onConnect: @escaping ConnectHook = { _ in }
    ) {
        self.eventLoop = eventLoop
        let core = Core(
            endpoint: endpoint, eventLoop: eventLoop, name: name, options: options, logger: logger, onConnect: onConnect
        )
        self.core = .makeBoxSendingValue(core, eventLoop: eventLoop)
    }

    /// Begins to connect. Calling it again is harmless.
    public func start() { onLoop { $0.reconnector.start() } }

    /// Ends the link for good. What waits for replies fails with ``RedisError/closed``. A link that nobody closes goes on
    /// for as long as its event loop.
    public func close() { onLoop { $0.close() } }

    /// Gives up the present connection, which somebody found wanting, and makes another.
    public func reconnect(because reason: String) { onLoop { $0.reconnector.connection?.close(.lost(reason)) } }

    /// Connects at once if the link was about to wait: somebody knows that the server is back.
    public func hurry() { onLoop { $0.reconnector.hurry() } }

    /// Done when the link has a connection; fails with ``RedisError/closed``.
    public func ready() -> EventLoopFuture<Void> { wait(WaiterID()) }

    /// Waits until the link has a connection.
    /// - Throws: ``RedisError/closed``, or `CancellationError` when the task is cancelled first.
    public func ready() async throws {
        let id = WaiterID()
        try await withTaskCancellationHandler {
            let ready = wait(id)
            // The handler below runs at once in a task that is cancelled already, and finds no waiter then.
            if Task.isCancelled { onLoop { $0.cancel(id) } }
            try await ready.get()
        } onCancel: {
            onLoop { $0.cancel(id) }
        }
    }

    private func wait(_ id: WaiterID) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        onLoop { $0.wait(id, promise) }
        return promise.futureResult
    }

    /// Sends a command. May be called from anywhere; commands sent from one place keep their order.
    /// - Returns: the reply. Fails with a ``RedisErrorReply``, which Redis answered, or with a ``RedisError``.
    public func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> { enqueue(command) }

    /// Sends a command and waits for its reply. See ``RedisCommands``.
    @discardableResult
    public func send(_ command: RedisCommand) async throws -> RESPValue { try await enqueue(command).get() }

    private func enqueue(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        if eventLoop.inEventLoop { return core.value.send(command) }
        return eventLoop.flatSubmit { self.core.value.send(command) }
    }

    private func onLoop(_ work: @escaping @Sendable (Core) -> Void) {
        if eventLoop.inEventLoop {
            work(core.value)
        } else {
            eventLoop.execute { work(self.core.value) }
        }
    }
}

/// Tells apart those who wait for a connection: by identity.
private final class WaiterID: Sendable, Hashable {
    static func == (left: WaiterID, right: WaiterID) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// The link's state, on its event loop.
private final class Core {
    let reconnector: Reconnector
    private let eventLoop: any EventLoop
    private var waiters: [WaiterID: EventLoopPromise<Void>] = [:]
    private var isClosed = false

    init(
        endpoint: RedisEndpoint, eventLoop: any EventLoop, name: String, options: RedisLinkOptions, logger: Logger,
        onConnect: @escaping RedisCommandLink.ConnectHook
    ) {
        self.eventLoop = eventLoop
        reconnector = Reconnector(name: name, eventLoop: eventLoop, options: options, logger: logger) {
            let opened: EventLoopFuture<RedisConnection> = RedisConnection.connect(
                to: endpoint, on: eventLoop, options: options)
            return opened.flatMap { connection in
                eventLoop.makeFutureWithTask {
                    do {
                        try await onConnect(connection)
                        return connection
                    } catch {
                        connection.close()
                        throw error
                    }
                }
            }
        }
        reconnector.onUp = { [weak self] _ in self?.release() }
    }

    func send(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        guard !isClosed else { return eventLoop.makeFailedFuture(RedisError.closed) }
        guard let connection = reconnector.connection else {
            return eventLoop.makeFailedFuture(RedisError.down(reconnector.reason))
        }
        return connection.send(command)
    }

    func wait(_ id: WaiterID, _ promise: EventLoopPromise<Void>) {
        if isClosed {
            promise.fail(RedisError.closed)
        } else if reconnector.connection != nil {
            promise.succeed()
        } else {
            waiters[id] = promise
        }
    }

    func cancel(_ id: WaiterID) { waiters.removeValue(forKey: id)?.fail(CancellationError()) }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        reconnector.close()
        for promise in waiters.values { promise.fail(RedisError.closed) }
        waiters.removeAll()
    }

    private func release() {
        for promise in waiters.values { promise.succeed() }
        waiters.removeAll()
    }
}
