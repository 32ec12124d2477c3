import HalleyCore
import HalleyRedis
import Logging
import Metrics
import NIOCore

import struct HalleyCore.Channel

/// The broker that is Redis: a pub/sub link that listens, a command link that makes Redis tick, and a watch that finds
/// out when the first is deaf.
///
/// Bound to one event loop: make it there, and call it there alone. ``commands`` may be used from anywhere.
public final class RedisBroker: Broker {
    /// How often Redis is asked to tick, and the pub/sub link for a sign of life: 1 s.
    public static let beat: TimeAmount = .seconds(1)
    /// Every how many beats Redis is asked whether it evicts.
    private static let beatsPerPolicy = 10

    /// The most events in a page of a log.
    static let pageEntries = 256
    /// About how many bytes of payloads a page has at most: what one connection may have unsent.
    static let pageBytes = 262_144

    /// What comes on one of a channel's two names.
    private enum Kind { case live, durable }
    private struct Name {
        let channel: Channel
        let kind: Kind
    }

    /// The link for commands, for everybody in this process. Every connection of it has the function library.
    public let commands: RedisCommandLink
    /// Who is told of messages.
    public weak var listener: (any BrokerListener)?

    private let eventLoop: any EventLoop
    private let keys: RedisKeys
    private let logger: Logger
    private let link: RedisPubSubLink
    private let policy = MemoryPolicy()
    private let losses = Counter(label: "halley_broker_losses_total")

    private var watch = LinkWatch()
    /// The channels that are wanted, by both of their names in Redis.
    private var names: [String: Name] = [:]
    /// Of the channels that are wanted, those of which one name is confirmed on the present link, and which.
    private var halfConfirmed: [Channel: Kind] = [:]
    private let markChannel: String
    private var isMarking = false
    /// For those who have asked since the call that is under way.
    private var nextMark: EventLoopPromise<Watermark>?
    private var nextBeat: Scheduled<Void>?
    private var look: Scheduled<Void>?
    private var isTicking = false
    private var isPinging = false
    private var isAwaitingCommands = false
    private var beats = 0
    /// Why Redis can't be made to tick.
    private var tickComplaint: String? = "Redis has not been asked to tick yet"

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
        commands = RedisCommandLink(to: endpoint, on: eventLoop, options: options, logger: logger) {
            [policy] connection in
            try await loader.load(on: connection)
            try await policy.check(on: connection)
        }
        link.delegate = self
    }

    /// Begins to connect, and goes on for ever.
    public func start() {
        guard nextBeat == nil else { return }
        link.subscribe(keys.tick)
        link.subscribe(markChannel)
        link.start()
        commands.start()
        beat()
    }

    /// Ends for good. The listener hears that the broker is lost when it was there.
    public func stop() {
        nextBeat?.cancel()
        look?.cancel()
        link.close()
        commands.close()
    }

    /// Asks for a channel's events, on both names and over the one link: so order holds between live and durable. Asking
    /// twice is harmless.
    public func subscribe(_ channel: Channel) {
        for (name, kind) in [(keys.live(channel), Kind.live), (keys.durable(channel), .durable)] {
            names[name] = Name(channel: channel, kind: kind)
            link.subscribe(name)
        }
    }

    /// Ends a channel's events.
    public func unsubscribe(_ channel: Channel) {
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
        let newest: [any RedisArgument] = watch.newest.map { [$0.description] } ?? []
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
        Readiness(reasons: [watch.complaint(now: .now()), tickComplaint, policy.complaint].compactMap(\.self))
    }

    /// The newest reading of Halley's clock that came over the present link; `nil` before its first tick.
    public var watermark: Watermark? { watch.watermark }

    // MARK: - Once a second

    private func beat() {
        nextBeat = eventLoop.assumeIsolated().scheduleTask(in: Self.beat) { [weak self] in self?.beat() }
        ask()
        beats += 1
        // The policy can be changed while Redis runs. Who waits for it to be put right wants to know soon.
        if policy.complaint != nil || beats % Self.beatsPerPolicy == 0 { askPolicy() }
    }

    private func askPolicy() {
        commands.send(MemoryPolicy.question).assumeIsolated().whenComplete { [policy] in policy.answered($0) }
    }

    private func ask() {
        if link.isConnected { ping() }
        guard !isTicking else { return }
        isTicking = true
        let called = NIODeadline.now()
        let newest: [any RedisArgument] = watch.newest.map { [$0.description] } ?? []
        commands.send(RedisCommand(arguments: ["FCALL", "halley_tick", 1, keys.clock] + newest))
            .assumeIsolated().whenComplete { [weak self] in self?.answered($0, called: called) }
    }

    private func answered(_ result: Result<RESPValue, any Error>, called: NIODeadline) {
        isTicking = false
        switch result {
        case .success(let reply):
            guard let answer = LinkWatch.Acknowledgement(reply) else {
                tickComplaint = "halley_tick answered \(reply)"
                return
            }
            tickComplaint = nil
            watch.acknowledged(answer, called: called, now: .now())
            lookInTime()
        case .failure(let error):
            tickComplaint = "Redis can't be made to tick: \(error)"
            if case RedisError.down = error {
                askWhenReady()
            } else if let reply = error as? RedisErrorReply, reply.isMissingFunction {
                // Somebody flushed the functions. A new connection brings them back.
                commands.reconnect(because: "the function library is gone")
            }
        }
    }

    /// Doesn't wait for the next beat: whoever is back wants to be ready.
    private func askWhenReady() {
        guard !isAwaitingCommands else { return }
        isAwaitingCommands = true
        let ready: EventLoopFuture<Void> = commands.ready()
        ready.assumeIsolated().whenComplete { [weak self] result in
            self?.isAwaitingCommands = false
            guard case .success = result else { return }
            self?.link.hurry()
            self?.ask()
        }
    }

    private func ping() {
        guard !isPinging else { return }
        isPinging = true
        watch.pinged(now: .now())
        link.ping().assumeIsolated().whenComplete { [weak self] result in
            self?.isPinging = false
            if case .success = result { self?.watch.ponged() }
        }
        lookInTime()
    }

    // MARK: - Is the link dead?

    /// One timer for all deadlines: each is the same while after what it waits for, so a later one is never sooner.
    private func lookInTime() {
        guard look == nil, let deadline = watch.deadline else { return }
        look = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            look = nil
            if let verdict = watch.verdict(now: .now()) {
                link.reconnect(because: verdict)
            } else {
                lookInTime()
            }
        }
    }
}

extension RedisBroker: RedisPubSubDelegate {
    /// A new link is there, and has heard nothing yet.
    public func pubSubConnected() {
        halfConfirmed.removeAll()
        watch.connected()
        commands.hurry()
    }

    /// The ticks' channel, or one of the two names of a user's.
    public func pubSubSubscribed(to channel: String) {
        if channel == keys.tick {
            watch.subscribed(now: .now())
            ask()
        } else if let name = names[channel] {
            let first = halfConfirmed.updateValue(name.kind, forKey: name.channel)
            guard let first, first != name.kind else { return }
            halfConfirmed[name.channel] = nil
            listener?.brokerSubscribed(to: name.channel)
        }
    }

    /// A tick, a mark, or an event.
    public func pubSubReceived(_ payload: [UInt8], on channel: String) {
        // Events first: of them there are most, and no name of a user's channel is one of Halley's own.
        if let name = names[channel] {
            switch name.kind {
            case .live: listener?.brokerReceived(BrokerMessage(channel: name.channel, payload: payload))
            case .durable: receivedDurable(payload, on: name.channel)
            }
        } else if channel == keys.tick || channel == markChannel {
            guard let tick = Tick(payload) else {
                return logger.warning("neither a tick nor a mark", metadata: ["bytes": "\(payload.count)"])
            }
            watch.ticked(tick.reading, now: .now())
            if tick.isRewound {
                listener?.brokerRewound(to: tick.reading)
            } else {
                listener?.brokerTicked(tick.reading)
            }
        }
    }

    private func receivedDurable(_ message: [UInt8], on channel: Channel) {
        guard let (stamp, payload) = Stamp.read(message) else {
            return logger.warning(
                "not Halley's on a channel of Halley's own", metadata: ["bytes": "\(message.count)"])
        }
        watch.passed(Watermark(id: stamp.id, era: stamp.era), now: .now())
        listener?.brokerReceived(BrokerMessage(channel: channel, payload: payload, stamp: stamp))
    }

    /// Everything is open until it is confirmed anew.
    public func pubSubLost(_ reason: RedisError) {
        losses.increment()
        halfConfirmed.removeAll()
        watch.lost(reason.description)
        listener?.brokerLost()
    }
}
