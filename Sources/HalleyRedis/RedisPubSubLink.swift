import Logging
import NIOCore

/// What a ``RedisPubSubLink`` tells, on its event loop, in the order in which it came.
public protocol RedisPubSubDelegate: AnyObject {
    /// A new connection is there; its subscriptions are not, until each is confirmed.
    func pubSubConnected()

    /// Redis confirmed the channel on the present connection: every message published from now on arrives on it. Told once
    /// for each time that the channel was wanted anew, and again after every reconnect.
    func pubSubSubscribed(to channel: String)

    /// A message came. Some may still come for a channel just unsubscribed.
    func pubSubReceived(_ payload: [UInt8], on channel: String)

    /// The connection ended. Messages are missed from some moment before this on.
    func pubSubLost(_ reason: RedisError)
}

/// A connection that subscribes: it connects again for ever, and subscribes again to everything that is wanted then.
///
/// Bound to one event loop: every call and every callback is on it. Channels are named exactly, never by a pattern.
public final class RedisPubSubLink {
    /// The event loop that the link is bound to.
    public let eventLoop: any EventLoop
    /// Who is told, until the link is closed. Not weak: every message passes here.
    public var delegate: (any RedisPubSubDelegate)?

    private let reconnector: Reconnector
    private var channels: SubscriptionSet
    private var isClosed = false

    /// A link that does nothing until ``start()``.
    /// - Parameter name: what the link is for, in logs.
    public init(
        to endpoint: RedisEndpoint, on eventLoop: any EventLoop, name: String = "pub/sub",
        options: RedisLinkOptions = RedisLinkOptions(), logger: Logger
    ) {
        self.eventLoop = eventLoop
        channels = SubscriptionSet(batch: options.subscriptionBatch)
        reconnector = Reconnector(name: name, eventLoop: eventLoop, options: options, logger: logger) {
            RedisConnection.connect(to: endpoint, on: eventLoop, options: options)
        }
        // Not weak, for the same reason; ``Reconnector/close()`` lets go.
        reconnector.onUp = { self.connected($0) }
        reconnector.onDown = { self.lost($0) }
    }

    /// Begins to connect. Set ``delegate`` first: over a Unix socket there may be a connection before this returns. Calling it
    /// again is harmless.
    public func start() { reconnector.start() }

    /// Ends the link for good. The delegate hears of it when there was a connection, and nothing more.
    public func close() {
        isClosed = true
        reconnector.close()
        if !reconnector.isOpen { delegate = nil }
    }

    /// Whether there is a connection.
    public var isConnected: Bool { reconnector.connection != nil }

    /// Why there is no connection, in words for a log or a health check.
    public var reason: String { reconnector.reason }

    /// Asks for a channel's messages, now and on every connection to come. Asking twice is harmless.
    public func subscribe(_ channel: String) { take(channels.want(channel)) }

    /// Ends a channel's messages.
    public func unsubscribe(_ channel: String) { take(channels.drop(channel)) }

    /// Asks for a sign of life. Done when it came on this connection, behind everything that Redis sent before it.
    public func ping() -> EventLoopFuture<Void> {
        guard let connection = reconnector.connection else {
            return eventLoop.makeFailedFuture(RedisError.down(reconnector.reason))
        }
        return connection.send(RedisCommand("PING")).map { _ in }
    }

    /// Gives up the present connection, which somebody found dead, and makes another.
    public func reconnect(because reason: String) { reconnector.connection?.close(.lost(reason)) }

    /// Connects at once if the link was about to wait: somebody knows that the server is back.
    public func hurry() { reconnector.hurry() }

    // MARK: - What the connection tells

    private func connected(_ connection: RedisConnection) {
        connection.handler.onPush = { self.received($0) }
        delegate?.pubSubConnected()
        take(channels.connected())
    }

    private func lost(_ reason: RedisError) {
        channels.disconnected()
        delegate?.pubSubLost(reason)
        if isClosed { delegate = nil }
    }

    private func received(_ push: RedisConnectionHandler.Push) {
        switch push {
        case .message(let channel, let payload): delegate?.pubSubReceived(payload, on: channel)
        case .subscribed(let channel): take(channels.subscribed(channel))
        case .unsubscribed(let channel): take(channels.unsubscribed(channel))
        }
    }

    private func take(_ step: SubscriptionSet.Step) {
        if let connection = reconnector.connection {
            do throws(RedisError) {
                if !step.unsubscribe.isEmpty { try connection.handler.send(.unsubscribe, step.unsubscribe) }
                if !step.subscribe.isEmpty { try connection.handler.send(.subscribe, step.subscribe) }
            } catch {
                // Redis and the set would differ from here on; a new connection makes them equal again.
                connection.close(error)
            }
        }
        for channel in step.confirmed { delegate?.pubSubSubscribed(to: channel) }
    }
}
