import HalleyRedis
import NIOCore

/// What a broker does once a second: makes Redis tick, asks the pub/sub link for a sign of life, and, when the
/// ``LinkWatch`` says that it is deaf, has it connect anew.
///
/// Bound to the broker's event loop.
final class RedisHeart {
    /// Is to be told what comes on the pub/sub link.
    var watch = LinkWatch()

    private let clock: String
    private let link: RedisPubSubLink
    private let commands: RedisCommandLink
    private let policy: MemoryPolicy
    private let eventLoop: any EventLoop

    private var nextBeat: Scheduled<Void>?
    private var look: Scheduled<Void>?
    private var isTicking = false
    private var isPinging = false
    private var isAwaitingCommands = false
    private var beats = 0
    /// Why Redis can't be made to tick.
    private var tickComplaint: String? = "Redis has not been asked to tick yet"

    /// Every how many beats Redis is asked whether it evicts.
    private static let beatsPerPolicy = 10

    /// - Parameter clock: the key of Halley's clock.
    init(
        clock: String, link: RedisPubSubLink, commands: RedisCommandLink, policy: MemoryPolicy,
        on eventLoop: any EventLoop
    ) {
        self.clock = clock
        self.link = link
        self.commands = commands
        self.policy = policy
        self.eventLoop = eventLoop
    }

    /// Whether it has begun.
    var isBeating: Bool { nextBeat != nil }

    /// What speaks against relying upon Redis just now.
    var complaints: [String] { [watch.complaint(now: .now()), tickComplaint, policy.complaint].compactMap(\.self) }

    /// Begins, and goes on for ever.
    func beat() {
        nextBeat = eventLoop.assumeIsolated().scheduleTask(in: RedisBroker.beat) { [weak self] in self?.beat() }
        ask()
        beats += 1
        // The policy can be changed while Redis runs. Who waits for it to be put right wants to know soon.
        if policy.complaint != nil || beats % Self.beatsPerPolicy == 0 { askPolicy() }
    }

    /// Ends for good.
    func stop() {
        nextBeat?.cancel()
        look?.cancel()
    }

    private func askPolicy() {
        commands.send(MemoryPolicy.question).assumeIsolated().whenComplete { [policy] in policy.answered($0) }
    }

    /// Asks both: the link for a sign of life, and Redis to tick.
    func ask() {
        if link.isConnected { ping() }
        guard !isTicking else { return }
        isTicking = true
        let called = NIODeadline.now()
        let newest: [any RedisArgument] = watch.newest.map { [$0.description] } ?? []
        commands.send(RedisCommand(arguments: ["FCALL", "halley_tick", 1, clock] + newest))
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
