import Logging
import NIOCore

/// Keeps one connection open for ever, until it is closed. ``ReconnectState`` decides, this obeys.
///
/// Bound to its event loop: every call and every callback is on it.
final class Reconnector {
    private let eventLoop: any EventLoop
    private let name: String
    private let logger: Logger
    private let open: () -> EventLoopFuture<RedisConnection>
    private var state: ReconnectState
    private var timer: Scheduled<Void>?
    private var failuresWereLogged = false

    /// The present connection, until its end has been told.
    private var current: RedisConnection?

    private var lastReason = "not connected yet"

    /// Whoever is told may be held by this: both are let go when the last has been told.
    var onUp: ((RedisConnection) -> Void)?
    var onDown: ((RedisError) -> Void)?

    /// The connection that may be used; `nil` while there is none. One that has failed is none, even before its channel has
    /// closed: whoever found one here could wait for it to be ready, at once, for ever.
    var connection: RedisConnection? {
        guard let current, current.handler.failure == nil else { return nil }
        return current
    }

    /// Whether a connection's end is still to be told.
    var isOpen: Bool { current != nil }

    /// Why there is no connection.
    var reason: String { current?.handler.failure?.description ?? lastReason }

    /// - Parameters:
    ///   - name: what the link is for, in logs.
    ///   - open: makes a connection that may be used, or fails.
    init(
        name: String, eventLoop: any EventLoop, options: RedisLinkOptions, logger: Logger,
        open: @escaping () -> EventLoopFuture<RedisConnection>
    ) {
        self.name = name
        self.eventLoop = eventLoop
        self.logger = logger
        self.open = open
        state = ReconnectState(backoff: Backoff(base: options.backoffBase, cap: options.backoffCap))
    }

    func start() { obey(state.start()) }

    func close() {
        state.close()
        timer?.cancel()
        timer = nil
        lastReason = "closed"
        if let current { current.close() } else { letGo() }
    }

    private func letGo() {
        onUp = nil
        onDown = nil
    }

    /// Ends a wait: somebody knows that the server is back.
    func hurry() {
        guard timer != nil else { return }
        timer?.cancel()
        timer = nil
        obey(state.waited())
    }

    private func obey(_ action: ReconnectState.Action) {
        switch action {
        case .connect: connect()
        case .wait(let delay):
            timer = eventLoop.assumeIsolated().scheduleTask(in: delay) {
                self.timer = nil
                self.obey(self.state.waited())
            }
        case .nothing, .discard: break
        }
    }

    private func connect() {
        open().hop(to: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let connection): self.opened(connection)
            case .failure(let error): self.failed(error)
            }
        }
    }

    private func opened(_ connection: RedisConnection) {
        // It may have ended while the caller made it ready.
        if let failure = connection.handler.failure { return failed(failure) }
        guard state.opened(now: .now()) != .discard else { return connection.close() }
        current = connection
        failuresWereLogged = false
        logger.info("connected to Redis", metadata: ["link": "\(name)"])
        // Before the caller hears of the connection, so that it hears of its end whatever it does with it.
        connection.closed.assumeIsolated().whenComplete { _ in self.lost(connection) }
        onUp?(connection)
    }

    private func failed(_ error: any Error) {
        guard !state.isClosed else { return }
        lastReason = "\(error)"
        // A warning for the first failure of a row; a server that stays away for an hour doesn't fill the log.
        logger.log(
            level: failuresWereLogged ? .debug : .warning, "can't connect to Redis; trying on",
            metadata: ["link": "\(name)", "reason": "\(reason)"])
        failuresWereLogged = true
        obey(state.failed(random: .random(in: 0..<1)))
    }

    private func lost(_ connection: RedisConnection) {
        let failure = connection.handler.failure ?? .lost("closed")
        current = nil
        lastReason = state.isClosed ? "closed" : failure.description
        if !state.isClosed {
            logger.warning("lost Redis", metadata: ["link": "\(name)", "reason": "\(reason)"])
        }
        onDown?(failure)
        if state.isClosed { letGo() }
        obey(state.lost(now: .now(), random: .random(in: 0..<1)))
    }
}
