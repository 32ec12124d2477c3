import HalleyCore

/// What a worker does when clients join and its link moves on, so that a test can take one out.
struct ModelHubRules: OptionSet, Sendable {
    let rawValue: UInt8

    /// A message of another era is new, whatever its id.
    static let otherErasAreNew = Self(rawValue: 1 << 0)
    /// What the logs already gave isn't sent again when it comes over the link.
    static let dropRepeats = Self(rawValue: 1 << 1)
    /// Messages older than the mark that followed the subscription are not for the joining subscriber.
    static let awaitMark = Self(rawValue: 1 << 2)
    /// The logs of several channels are merged by id.
    static let mergeByID = Self(rawValue: 1 << 3)
    /// Nothing is sent from the logs above the smallest clock at which one of them was read.
    static let smallestClock = Self(rawValue: 1 << 4)
    /// A gap is told as soon as it is found, and not only when the other channels' events up to its end are sent.
    static let gapsFirst = Self(rawValue: 1 << 5)
    /// A gap doesn't move the client's position.
    static let gapsMoveNothing = Self(rawValue: 1 << 6)
    /// An era that begins because data was lost is a gap even for those who saw it begin.
    static let retell = Self(rawValue: 1 << 7)

    static let all = Self(rawValue: .max)
}

/// All the rules under test.
struct ModelRules: Sendable {
    var resume = ResumeRule.Clauses.all
    var redis = ModelRedisRules.all
    var hub = ModelHubRules.all
}

/// One moment of Redis, the workers, the subscribers and the links between them, with the oracle that watches.
struct ModelWorld {
    struct Published {
        let id: EventID
        let era: Int
        /// Redis has lost it.
        var lost = false
        /// Nobody can know of it.
        var excused = false
    }

    struct Backup {
        let data: ModelRedis.Data
        let counts: [Int]
    }

    let scene: ModelScene.Bounds
    let hub: ModelHubRules
    let rule: ResumeRule
    var redis: ModelRedis
    var workers: [ModelWorker]
    var subscribers: [ModelSubscriber]
    var published: [[Published]]
    var backup: Backup?
    /// Redis has lost data that a living worker knows of.
    var undiscovered = false
    /// Redis has gone back to a backup.
    var hasLost = false
    /// It has gone back to an ended era, and nobody knows.
    var hasForgotten = false
    /// The newest id of any life of the data.
    var newest: EventID
    /// How often each kind of action happened.
    var spent = SIMD32<UInt8>()
    var violation: ModelViolation?

    init(_ scene: ModelScene, _ rules: ModelRules) {
        self.scene = scene.bounds
        hub = rules.hub
        rule = ResumeRule(clauses: rules.resume)
        redis = ModelRedis(rules: rules.redis, retention: scene.retention, now: 10, channels: scene.channels)
        let start = EventID(milliseconds: 10, counter: 0)
        newest = start
        workers = Array(repeating: ModelWorker(watermark: start), count: scene.workers)
        published = Array(repeating: [], count: scene.channels)
        subscribers = Array(
            repeating: ModelSubscriber(
                position: ModelPosition(id: start, era: 0),
                ledgers: Array(repeating: ModelLedger(), count: scene.channels),
                reads: Array(repeating: nil, count: scene.channels)),
            count: scene.subscribers)
        guard scene.isAttached else { return }
        subscribers[0].stage = .live
        subscribers[0].worker = scene.workers - 1
        subscribers[0].marked = true
        subscribers[0].reached = start
    }

    /// Does one step. `violation` says if a promise broke.
    mutating func apply(_ action: ModelAction) {
        let kind = action.kind.rawValue
        if scene.limits[kind] > 0 { spent[kind] += 1 }
        let given = redis.given
        switch action {
        case .publish(let channel, let history, let ttl): publish(on: channel, history: history, ttl: ttl)
        case .trim(let channel): redis.data.logs[channel]?.entries = []
        case .cut(let channel): redis.data.logs[channel]?.entries.removeLast()
        case .delete(let channel): redis.data.logs[channel] = nil
        case .forgetClock: redis.data.clock = nil
        case .flush: redis.flush()
        case .backup: backup = Backup(data: redis.data, counts: published.map(\.count))
        case .restore: restore()
        case .restart:
            redis.restart(with: redis.data)
            for worker in workers.indices { loseLink(of: worker) }
        case .time(let step): redis.step(to: UInt64(Int64(redis.now) + Int64(step)))
        case .tick(let worker): tick(by: worker)
        case .handle(let worker): handle(at: worker)
        case .loseLink(let worker): loseLink(of: worker)
        case .reconnect(let worker):
            workers[worker].connected = true
            tick(by: worker)
            for index in subscribers.indices where subscribers[index].worker == worker { mark(for: index) }
        case .kill(let worker): kill(worker)
        case .join(let index, let worker):
            subscribers[index].rejoin()
            subscribers[index].worker = worker
            mark(for: index)
        case .read(let index, let channel): read(for: index, channel)
        case .receive(let index): receive(subscribers[index].outbox.removeFirst(), by: index)
        case .leave(let index):
            forgetMark(of: index)
            subscribers[index].leave()
        }
        if let clock = redis.data.clock, redis.given != given { noteGiven(clock) }
        if violation == nil { watchTheIdle() }
    }

    // MARK: Redis

    private mutating func publish(on channel: Int, history: Int, ttl: UInt64) {
        let number = published[channel].count
        guard let entry = redis.publish(number, on: channel, history: history, ttl: ttl) else {
            violation = .refused(channel: channel)
            return
        }
        published[channel].append(Published(id: entry.id, era: redis.data.era))
        let at = ModelPosition(id: entry.id, era: redis.data.era)
        let message = ModelMessage.event(channel: channel, event: number, at: at, ofLoss: redis.data.ofLoss)
        for index in workers.indices where workers[index].connected {
            if subscribers.contains(where: { $0.worker == index }) { workers[index].queue.append(message) }
        }
    }

    private mutating func tick(by worker: Int) {
        let era = redis.data.era
        let id = redis.tick(seen: workers[worker].watermark)
        if undiscovered {
            workers[worker].owesProof = false
            workers[worker].overtaken = false
            if redis.data.era != era || !workers.contains(where: \.owesProof) { undiscovered = false }
        }
        let message = ModelMessage.tick(
            at: ModelPosition(id: id, era: redis.data.era), ofLoss: redis.data.ofLoss)
        for index in workers.indices where workers[index].connected { workers[index].queue.append(message) }
    }

    private mutating func restore() {
        guard let backup else { return }
        hasLost = true
        let clock = backup.data.clock ?? .zero
        for index in workers.indices {
            loseLink(of: index)
            workers[index].owesProof = workers[index].watermark.map { $0 > clock } ?? false
        }
        undiscovered = workers.contains(where: \.owesProof)
        for index in subscribers.indices {
            let position = subscribers[index].position
            subscribers[index].isWitness = position.era == backup.data.era && position.id > clock
        }
        hasForgotten = !undiscovered && backup.data.era != redis.data.era
        for channel in published.indices {
            for event in published[channel].indices
            where event >= backup.counts[channel] || published[channel][event].lost {
                published[channel][event].lost = true
                published[channel][event].excused = !undiscovered
            }
        }
        redis.restart(with: backup.data)
    }

    // MARK: Workers

    private mutating func loseLink(of worker: Int) {
        workers[worker].connected = false
        workers[worker].queue = []
        for index in subscribers.indices where subscribers[index].worker == worker { subscribers[index].rejoin() }
    }

    private mutating func kill(_ worker: Int) {
        for index in subscribers.indices where subscribers[index].worker == worker { subscribers[index].leave() }
        workers[worker] = ModelWorker()
        guard undiscovered, !workers.contains(where: \.owesProof) else { return }
        undiscovered = false
        for channel in published.indices {
            for event in published[channel].indices where published[channel][event].lost {
                published[channel][event].excused = true
            }
            for index in subscribers.indices { subscribers[index].ledgers[channel].debt = false }
        }
    }

    private mutating func handle(at worker: Int) {
        let message = workers[worker].queue.removeFirst()
        switch message {
        case .mark(let index): subscribers[index].marked = true
        case .event(_, _, let at, _), .tick(let at, _):
            workers[worker].watermark = at.id
            for index in subscribers.indices where subscribers[index].worker == worker && subscribers[index].marked {
                if subscribers[index].stage == .joining {
                    subscribers[index].buffer.append(message)
                } else {
                    goOn(index, with: message)
                }
            }
        }
    }

    /// Asks for a mark, when a subscriber comes, and again when its reads found another era than the mark's.
    mutating func mark(for index: Int) {
        redis.open()
        forgetMark(of: index)
        subscribers[index].rejoin()
        subscribers[index].markEra = redis.data.era
        if hub.contains(.awaitMark) {
            workers[subscribers[index].worker].queue.append(.mark(subscriber: index))
        } else {
            subscribers[index].marked = true
        }
    }

    private mutating func forgetMark(of index: Int) {
        workers[subscribers[index].worker].queue.removeAll {
            if case .mark(index) = $0 { true } else { false }
        }
    }
}
