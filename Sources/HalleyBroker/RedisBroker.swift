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
    /// The channels that are wanted, by their names in Redis.
    private var channels: [String: Channel] = [:]
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

    /// Asks for a channel's events. Asking twice is harmless.
    public func subscribe(_ channel: Channel) {
        channels[keys.live(channel)] = channel
        link.subscribe(keys.live(channel))
    }

    /// Ends a channel's events.
    public func unsubscribe(_ channel: Channel) {
        channels[keys.live(channel)] = nil
        link.unsubscribe(keys.live(channel))
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
            if case .success = result { self?.ask() }
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
    public func pubSubConnected() { watch.connected() }

    /// The ticks' channel, or one of the users'.
    public func pubSubSubscribed(to channel: String) {
        if channel == keys.tick {
            watch.subscribed(now: .now())
            ask()
        } else if let wanted = channels[channel] {
            listener?.brokerSubscribed(to: wanted)
        }
    }

    /// A tick, or an event.
    public func pubSubReceived(_ payload: [UInt8], on channel: String) {
        if channel == keys.tick {
            guard let tick = Watermark(tick: payload) else {
                return logger.warning("not a tick on the ticks' channel", metadata: ["bytes": "\(payload.count)"])
            }
            watch.ticked(tick, now: .now())
            listener?.brokerTicked(tick)
        } else if let wanted = channels[channel] {
            listener?.brokerReceived(BrokerMessage(channel: wanted, payload: payload))
        }
    }

    /// Everything is open until it is confirmed anew.
    public func pubSubLost(_ reason: RedisError) {
        losses.increment()
        watch.lost(reason.description)
        listener?.brokerLost()
    }
}
