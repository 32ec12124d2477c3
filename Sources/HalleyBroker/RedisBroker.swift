import HalleyCore
import HalleyRedis
import Logging
import Metrics
import NIOCore

import struct HalleyCore.Channel

/// The broker that is Redis: a pub/sub link that listens, a command link, and a ``RedisHeart`` that makes Redis tick by the
/// second and finds out when the first is deaf.
///
/// Bound to one event loop: make it there, and call it there alone. ``commands`` may be used from anywhere.
public final class RedisBroker: Broker {
    /// How often Redis is asked to tick, and the pub/sub link for a sign of life: 1 s.
    public static let beat: TimeAmount = .seconds(1)

    /// The most events in a page of a log.
    static let pageEntries = 256
    /// About how many bytes of payloads a page has at most: what one connection may have unsent.
    static let pageBytes = 262_144

    /// What comes on one of a channel's two names.
    private enum Kind { case live, durable }
    private struct Name {
        let subscription: Subscription
        let kind: Kind
    }

    /// The link for commands, for everybody in this process. Every connection of it has the function library.
    public let commands: RedisCommandLink
    /// Who is told of messages, until ``stop()``. Not weak: that would cost every event more than looking its name up.
    public var listener: (any BrokerListener)?

    private let eventLoop: any EventLoop
    private let keys: RedisKeys
    private let logger: Logger
    private let link: RedisPubSubLink
    private let heart: RedisHeart
    private let losses = Counter(label: "halley_broker_losses_total")

    /// The channels that are wanted, by both of their names in Redis.
    private var names: [String: Name] = [:]
    /// Of the channels that are wanted, those of which one name is confirmed on the present link, and which.
    private var halfConfirmed: [Channel: Kind] = [:]
    private let markChannel: String
    private var isMarking = false
    /// For those who have asked since the call that is under way.
    private var nextMark: EventLoopPromise<Watermark>?

    /// A broker that does nothing until ``start()``.
    /// - Parameter options: the bounds of both links.
    public init(
        to endpoint: RedisEndpoint, cluster: ClusterName, on eventLoop: any EventLoop,
        options: RedisLinkOptions = RedisLinkOptions(), logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.logger = logger
        keys = RedisKeys(cluster)
        markChannel = keys.mark(.random())
        var linkOptions = options
        // Confirmations and PINGs have the watch's patience; the watch speaks first, for it knows what it means.
        linkOptions.replyDeadline = max(options.replyDeadline, LinkWatch.patience + .seconds(1))
        link = RedisPubSubLink(to: endpoint, on: eventLoop, options: linkOptions, logger: logger)
        let loader = LibraryLoader(cluster, logger: logger)
        let policy = MemoryPolicy()
        commands = RedisCommandLink(to: endpoint, on: eventLoop, options: options, logger: logger) { connection in
            try await loader.load(on: connection)
            try await policy.check(on: connection)
        }
        heart = RedisHeart(clock: keys.clock, link: link, commands: commands, policy: policy, on: eventLoop)
        link.delegate = self
    }

    /// Begins to connect, and goes on for ever.
    public func start() {
        guard !heart.isBeating else { return }
        link.subscribe(keys.tick)
        link.subscribe(markChannel)
        link.start()
        commands.start()
        heart.beat()
    }

    /// Ends for good. The listener hears nothing more.
    public func stop() {
        listener = nil
        names.removeAll()
        halfConfirmed.removeAll()
        heart.stop()
        link.close()
        commands.close()
    }

    /// Asks for a channel's events, on both names and over the one link: so order holds between live and durable. Asking
    /// twice is harmless.
    ///
    /// The live one last: whoever sees in Redis that somebody is subscribed to the channel's own name (`PUBSUB NUMSUB`) may
    /// publish, and no confirmation is to come behind his event.
    public func subscribe(_ subscription: Subscription) {
        let channel = subscription.channel
        for (name, kind) in [(keys.durable(channel), Kind.durable), (keys.live(channel), .live)] {
            names[name] = Name(subscription: subscription, kind: kind)
            link.subscribe(name)
        }
    }

    /// Ends a channel's events.
    public func unsubscribe(_ subscription: Subscription) {
        let channel = subscription.channel
        guard names[keys.live(channel)]?.subscription === subscription else { return }
        halfConfirmed[channel] = nil
        for name in [keys.live(channel), keys.durable(channel)] {
            names[name] = nil
            link.unsubscribe(name)
        }
    }

    /// Makes Redis publish its clock on a channel that this process alone hears. One call is under way at a time; who asks
    /// meanwhile gets the next.
    @discardableResult
    public func mark() -> EventLoopFuture<Watermark> {
        let promise = nextMark ?? eventLoop.makePromise(of: Watermark.self)
        nextMark = promise
        if !isMarking { callMark() }
        return promise.futureResult
    }

    private func callMark() {
        guard let promise = nextMark else { return }
        nextMark = nil
        isMarking = true
        let newest: [any RedisArgument] = heart.watch.newest.map { [$0.description] } ?? []
        sendWhenReady(RedisCommand(arguments: ["FCALL", "halley_mark", 1, keys.clock, markChannel] + newest))
            .flatMapThrowing { reply in
                guard let reading = Watermark(mark: reply) else {
                    throw RedisError.unexpectedReply("halley_mark answered \(reply)")
                }
                return reading
            }
            .assumeIsolated().whenComplete { [self] (result: Result<Watermark, any Error>) in
                // A failure is the tick's to complain of; the next tick does what the mark would have done.
                isMarking = false
                promise.completeWith(result)
                callMark()
            }
    }

    /// Reads a page of a channel's log with `halley_read`.
    public func read(_ channel: Channel, after id: EventID) -> EventLoopFuture<LogPage> {
        let question = RedisCommand(
            "FCALL", "halley_read", 1, keys.log(channel), id.description, Self.pageEntries, Self.pageBytes)
        return sendWhenReady(question).flatMapThrowing { reply in
            guard let page = LogPage(reply) else { throw RedisError.unexpectedReply("halley_read answered \(reply)") }
            return page
        }
    }

    /// For what only the pub/sub link can ask for: that one may be back first.
    private func sendWhenReady(_ command: RedisCommand) -> EventLoopFuture<RESPValue> {
        let ready: EventLoopFuture<Void> = commands.ready()
        return ready.flatMap { [commands] in commands.send(command) }
    }

    /// Whether Redis can be relied upon just now: the pub/sub link hears, ticks go on, and nothing is evicted.
    public var readiness: Readiness {
        Readiness(reasons: heart.complaints)
    }

    /// The newest reading of Halley's clock that came over the present link; `nil` before its first tick.
    public var watermark: Watermark? { heart.watch.watermark }
}

extension RedisBroker: RedisPubSubDelegate {
    /// A new link is there, and has heard nothing yet.
    public func pubSubConnected() {
        halfConfirmed.removeAll()
        heart.watch.connected()
        commands.hurry()
    }

    /// The ticks' channel, or one of the two names of a user's.
    public func pubSubSubscribed(to channel: String) {
        if channel == keys.tick {
            heart.watch.subscribed(now: .now())
            heart.ask()
        } else if let name = names[channel] {
            let channel = name.subscription.channel
            let first = halfConfirmed.updateValue(name.kind, forKey: channel)
            guard let first, first != name.kind else { return }
            halfConfirmed[channel] = nil
            listener?.brokerSubscribed(to: name.subscription)
        }
    }

    /// A tick, a mark, or an event.
    public func pubSubReceived(_ payload: [UInt8], on channel: String) {
        // Events first: of them there are most, and no name of a user's channel is one of Halley's own.
        if let name = names[channel] {
            switch name.kind {
            case .live: listener?.brokerReceived(payload, stamp: nil, on: name.subscription)
            case .durable: receivedDurable(payload, on: name.subscription)
            }
        } else if channel == keys.tick || channel == markChannel {
            guard let tick = Tick(payload) else {
                return logger.warning("neither a tick nor a mark", metadata: ["bytes": "\(payload.count)"])
            }
            heart.watch.ticked(tick.reading, now: .now())
            if tick.isRewound {
                listener?.brokerRewound(to: tick.reading)
            } else {
                listener?.brokerTicked(tick.reading)
            }
        }
    }

    private func receivedDurable(_ message: [UInt8], on subscription: Subscription) {
        guard let (stamp, payload) = Stamp.read(message) else {
            return logger.warning(
                "not Halley's on a channel of Halley's own", metadata: ["bytes": "\(message.count)"])
        }
        heart.watch.passed(Watermark(id: stamp.id, era: stamp.era), now: .now())
        listener?.brokerReceived(payload, stamp: stamp, on: subscription)
    }

    /// Everything is open until it is confirmed anew.
    public func pubSubLost(_ reason: RedisError) {
        losses.increment()
        halfConfirmed.removeAll()
        heart.watch.lost(reason.description)
        listener?.brokerLost()
    }
}
