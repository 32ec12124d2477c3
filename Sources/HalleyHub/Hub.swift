import DequeModule
import HalleyBroker
import HalleyCore
import Metrics
import NIOCore

import struct HalleyCore.Channel

/// Joins the broker's channels with the subscribers of this worker: a channel is subscribed exactly while somebody here
/// wants it, and for the linger after; its recent events stay in a ring; every event goes to every local subscriber.
///
/// Bound to one event loop. A subscriber goes through these stages:
/// ```
/// join ─▶ joining ─────────────▶ catching up ────────▶ draining ──────────────▶ live ─▶ leave
///          │ all channels covered │ logs read up to    │ rings read to their end  │
///          │ by the link          │ the link's part    │                          │
///          ◀──────────────────────┴────────────────────┴── the link was lost ─────┘
/// ```
/// A channel is *covered* when a reading of Halley's clock, a tick, a mark or a durable event, came over the link after
/// the subscription was confirmed: every event with a greater id comes over the link, every other is in the log.
public final class Hub: BrokerListener {
    private let broker: any Broker
    private let bounds: HubBounds
    private let incarnation: Incarnation
    private let budget: RingBudget
    private var topics: [Channel: Topic] = [:]
    private var lingering = LingerQueue()
    private var order = RingOrder()
    private var watermark: Watermark?
    /// How many messages and confirmations came over the link so far.
    private var count: UInt64 = 0
    private let now: () -> NIODeadline
    /// Those that are in and not live.
    private var unsettled: [ObjectIdentifier: any Subscriber] = [:]
    /// Confirmed and waiting for a reading of the clock.
    private var uncovered: [Topic] = []
    /// Joining, all channels covered, and further on than the link.
    private var ahead: [ObjectIdentifier: any Subscriber] = [:]
    private var readsUnderWay = 0
    /// Topics whose reading failed, until the next sweep.
    private var retries: [Topic] = []
    private var wantingRead: Deque<Topic> = []
    /// Readings of logs at a time. Enough to keep Redis busy; a storm on as many channels waits here, not there.
    private static let maximumReads = 128

    private let logReads = Counter(label: "halley_hub_log_reads_total")
    private let gaps = Counter(label: "halley_hub_gaps_total")
    private let received = Counter(label: "halley_hub_events_received_total")
    private let evicted = Counter(label: "halley_hub_ring_evictions_total")
    private let refused = Counter(label: "halley_hub_channels_refused_total")
    private let channels = Gauge(label: "halley_hub_channels")
    private let memory = Gauge(label: "halley_hub_ring_bytes")

    /// - Parameter now: the clock that lingers are measured with.
    public init(
        broker: any Broker, bounds: HubBounds, incarnation: Incarnation,
        now: @escaping () -> NIODeadline = NIODeadline.now
    ) {
        self.broker = broker
        self.bounds = bounds
        self.incarnation = incarnation
        self.now = now
        budget = RingBudget(limit: bounds.ringTotalBytes)
        broker.listener = self
    }

    /// Where a live subscriber of this worker stands now; `nil` before the first tick.
    public var position: Position? {
        watermark.map {
            Position(id: $0.id, era: $0.era, cursor: LiveCursor(incarnation: incarnation, count: count))
        }
    }

    /// The memory that events take at present, in bytes.
    package var bytesInUse: Int { budget.used }

    // MARK: - Subscribers

    /// Takes a subscriber in. ``Subscriber/joined(_:at:)`` follows, at once when all channels are confirmed already.
    ///
    /// - Parameter channels: each once.
    /// - Throws: ``HubError/tooManyChannels`` when the hub can't know any more; nothing has changed then.
    public func join(_ subscriber: some Subscriber, channels: [Channel], from position: Position?) throws(HubError) {
        let known = channels.compactMap { topics[$0] }
        let excess = topics.count + channels.count - known.count - bounds.channels
        if excess > 0 {
            guard lingering.count - known.count(where: \.isLingering) >= excess else {
                refused.increment()
                throw .tooManyChannels(bounds.channels)
            }
        }
        // Those that it wants first, so that none of them makes room for the others.
        for topic in known { lingering.remove(topic) }
        for _ in 0..<max(0, excess) { lingering.popFirst().map(forget) }

        subscriber.membership.seats.reserveCapacity(channels.count)
        for channel in channels {
            let topic = topic(for: channel)
            topic.members += 1
            subscriber.membership.seats.append(Membership.Seat(topic: topic, index: -1))
        }
        enter(subscriber, Membership.Joining(from: position, isBack: false))
    }

    /// Lets a subscriber go. Harmless when it isn't in.
    public func leave(_ subscriber: some Subscriber) {
        let identity = ObjectIdentifier(subscriber)
        let wasLive = subscriber.membership.isLive
        if !wasLive, unsettled.removeValue(forKey: identity) != nil { ahead[identity] = nil }
        for seat in subscriber.membership.seats {
            let topic = seat.topic
            if wasLive { topic.unseat(at: seat.index) } else { topic.waiting[identity] = nil }
            topic.members -= 1
            if topic.members == 0 { lingering.append(topic, since: now()) }
        }
        subscriber.membership = Membership()
    }

    /// Goes on with a backlog that paused because the subscriber could take no more.
    public func resumeBacklog(of subscriber: some Subscriber) {
        advance(subscriber)
    }

    /// Ends the subscriptions whose linger is over. Call it about once a second.
    public func sweep() {
        let limit = now() - bounds.linger
        while let topic = lingering.popFirst(leftBy: limit) { forget(topic) }
        for topic in topics.values { topic.backlog.forgetUnused() }
        wantingRead += retries
        retries = []
        startReads()
        // A backlog was encoded in one more format since the last event, perhaps.
        keepWithinBudget()
        channels.record(topics.count)
        memory.record(budget.used)
    }

    // MARK: - The broker's word

    /// Gives the event to everyone here who wants its channel, and keeps it in the channel's ring.
    public func brokerReceived(_ message: BrokerMessage) {
        guard let topic = topics[message.channel] else { return }
        var covered: [Topic] = []
        if let stamp = message.stamp {
            pass(Watermark(id: stamp.id, era: stamp.era))
            covered = cover { $0 === topic ? stamp.link.id : stamp.id }
        }
        count += 1
        received.increment()
        let delivery = Delivery(
            channel: topic.channel, payload: message.payload, stamp: message.stamp, position: position, count: count,
            budget: budget)
        topic.fanOut(delivery)
        order.append(topic, count: count)
        order.drop(topic.ring.append(delivery, maximumEvents: bounds.ringEvents, maximumBytes: bounds.ringBytes))
        keepWithinBudget()
        if message.stamp != nil { settle(covered) }
    }

    /// From here on every event of the channel arrives. Which ones that are is known with the next reading of the clock.
    public func brokerSubscribed(to channel: Channel) {
        guard let topic = topics[channel], !topic.isConfirmed else { return }
        topic.isConfirmed = true
        if uncovered.isEmpty { broker.mark() }
        uncovered.append(topic)
    }

    /// Moves every live subscriber's position on, and takes in those who waited for that.
    public func brokerTicked(_ watermark: Watermark) {
        pass(watermark)
        settle(cover { _ in watermark.id })
    }

    /// What is published from now on may be missed: everyone begins anew where he stands, as soon as each of his channels is
    /// covered again.
    public func brokerLost() {
        let lost = watermark
        uncovered = []
        ahead = [:]
        wantingRead = []
        var back: [any Subscriber] = []
        for topic in topics.values {
            topic.isConfirmed = false
            topic.isCovered = false
            topic.ring.uncover()
            topic.backlog.reset()
            topic.waiting = [:]
            back += topic.unseatAll()
        }
        for subscriber in unsettled.values { beginAnew(subscriber) }
        for subscriber in back where subscriber.membership.isLive {
            for index in subscriber.membership.seats.indices { subscriber.membership.seats[index].index = -1 }
            enter(subscriber, Membership.Joining(from: lost.map { Position(id: $0.id, era: $0.era) }, isBack: true))
        }
    }

    // MARK: - The link's place

    /// An id below the last one, or of another era, is a new life of Redis' data, never a repetition.
    private func pass(_ new: Watermark) {
        let old = watermark
        watermark = new
        guard let old, old.era != new.era || new.id < old.id else { return }
        count += 1
        for topic in topics.values {
            topic.ring.beginEra(from: count, floor: new.id)
            topic.backlog.reset()
        }
        // What they were on the way to is gone; where they stand will be judged in the new era.
        for subscriber in unsettled.values {
            if case .catchingUp = subscriber.membership.stage { beginAnew(subscriber) }
        }
    }

    /// Every channel that was confirmed before this moment is covered from here on.
    ///
    /// - Returns: those that weren't before.
    private func cover(floor: (Topic) -> EventID) -> [Topic] {
        guard !uncovered.isEmpty else { return [] }
        defer { uncovered = [] }
        // A position given before must not seem to cover what the channel may have missed until now.
        count += 1
        let covered = uncovered.filter { topics[$0.channel] === $0 }
        for topic in covered {
            topic.isCovered = true
            topic.ring.cover(from: count, floor: floor(topic))
        }
        return covered
    }

    /// Takes in those that waited for these topics, and for the link to pass their position.
    private func settle(_ covered: [Topic]) {
        for topic in covered {
            let waiting = topic.waiting
            topic.waiting = [:]
            for subscriber in waiting.values {
                guard case .joining(let joining) = subscriber.membership.stage else { continue }
                joining.uncovered -= 1
                if joining.uncovered == 0 { begin(subscriber, joining) }
            }
        }
        guard !ahead.isEmpty else { return }
        let waiting = ahead
        ahead = [:]
        for subscriber in waiting.values {
            guard case .joining(let joining) = subscriber.membership.stage else { continue }
            joining.readings += 1
            begin(subscriber, joining)
        }
    }

    // MARK: - Stages

    private func enter(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        let identity = ObjectIdentifier(subscriber)
        unsettled[identity] = subscriber
        subscriber.membership.stage = .joining(joining)
        for seat in subscriber.membership.seats where !seat.topic.isCovered {
            joining.uncovered += 1
            seat.topic.waiting[identity] = subscriber
        }
        if joining.uncovered == 0 { begin(subscriber, joining) }
    }

    /// Begins again where the subscriber stands.
    private func beginAnew(_ subscriber: any Subscriber) {
        switch subscriber.membership.stage {
        case .joining(let joining):
            enter(subscriber, Membership.Joining(from: joining.position, isBack: joining.isBack))
        case .catchingUp(let attempt):
            enter(subscriber, Membership.Joining(from: attempt.way.position, isBack: attempt.isTold))
        case .draining(let draining):
            let position = draining.position.map { Position(id: $0.id, era: $0.era) }
            enter(subscriber, Membership.Joining(from: position, isBack: true))
        case .outside, .live: break
        }
    }

    /// All its channels are covered: says from where it goes on.
    private func begin(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        guard let watermark else { return }
        guard let position = joining.position else {
            if !joining.isBack { subscriber.joined(.fresh, at: self.position) }
            return drain(subscriber, after: count, at: self.position)
        }
        if let cursor = position.cursor, cursor.incarnation == incarnation, cursor.count <= count,
            subscriber.membership.seats.allSatisfy({ $0.topic.ring.isComplete(from: cursor.count) })
        {
            subscriber.joined(.complete, at: position)
            return drain(subscriber, after: cursor.count, at: position)
        }
        // It has heard of later events than this link has brought. A reading that was asked for now says whether it can
        // have: the one under way may be older than the question.
        if position.era == watermark.era, position.id > watermark.id, joining.readings < 2 {
            ahead[ObjectIdentifier(subscriber)] = subscriber
            broker.mark()
            return
        }
        let isPresent = position.era == watermark.era && position.id <= watermark.id
        let rings = subscriber.membership.seats.map { seat in
            (seat.topic.channel, isPresent ? seat.topic.ring.durable(after: position.id) : nil)
        }
        let way = CatchUp(from: position, rings: rings, to: watermark)
        subscriber.membership.stage = .catchingUp(CatchingUp(way, count: count, isTold: joining.isBack))
        advance(subscriber)
    }

    /// Goes on as far as the subscriber takes it and what was asked for has come.
    private func advance(_ subscriber: any Subscriber) {
        while case .catchingUp(let attempt) = subscriber.membership.stage {
            if !attempt.isTold, attempt.way.isJudged {
                attempt.isTold = true
                subscriber.joined(attempt.way.hasGap ? .gap : .durableOnly, at: nil)
            }
            guard !attempt.isTold || subscriber.takesBacklog else { return }
            switch attempt.way.next() {
            case .read(let source, let after): read(subscriber, attempt, source: source, after: after)
            case .wait: return
            case .event(let delivery): subscriber.deliver(delivery)
            case .gap(let gap):
                gaps.increment()
                subscriber.tell(gap)
            case .finished: drain(subscriber, after: attempt.count, at: attempt.way.position)
            }
        }
        feed(subscriber)
    }

    private func drain(_ subscriber: any Subscriber, after cursor: UInt64, at position: Position?) {
        guard !subscriber.membership.seats.isEmpty else { return }
        subscriber.membership.stage = .draining(Membership.Draining(after: cursor, at: position))
        feed(subscriber)
    }

    /// Delivers from the rings, merged by count across the subscriber's channels, as long as it can take more; at their
    /// end it goes live.
    private func feed(_ subscriber: any Subscriber) {
        while case .draining(let draining) = subscriber.membership.stage {
            var next: Delivery?
            for seat in subscriber.membership.seats {
                // The rings have dropped what it hasn't taken yet. The logs may still have it.
                guard seat.topic.ring.isComplete(from: draining.cursor) else { return beginAnew(subscriber) }
                guard let candidate = seat.topic.ring.first(after: draining.cursor) else { continue }
                if next.map({ candidate.count < $0.count }) ?? true { next = candidate }
            }
            guard let next else { return goLive(subscriber) }
            guard subscriber.takesBacklog else { return }
            draining.cursor = next.count
            draining.position = next.position ?? draining.position
            subscriber.deliver(next)
        }
    }

    private func goLive(_ subscriber: any Subscriber) {
        unsettled[ObjectIdentifier(subscriber)] = nil
        subscriber.membership.stage = .live
        for index in subscriber.membership.seats.indices {
            subscriber.membership.seats[index].index = subscriber.membership.seats[index].topic.seat(subscriber)
        }
    }

    // MARK: - Logs

    private func read(_ subscriber: any Subscriber, _ attempt: CatchingUp, source: Int, after: EventID) {
        let topic = subscriber.membership.seats[source].topic
        if let watermark, let segment = topic.backlog.segment(after: after, era: watermark.era) {
            return attempt.way.took(segment, isFresh: false, for: source)
        }
        topic.backlog.wait(Backlog.Waiter(subscriber: subscriber, attempt: attempt, source: source, after: after))
        wantingRead.append(topic)
        startReads()
    }

    private func startReads() {
        while readsUnderWay < Self.maximumReads, let topic = wantingRead.popFirst() {
            guard let after = topic.backlog.begin(), let reading = topic.backlog.reading else { continue }
            readsUnderWay += 1
            logReads.increment()
            broker.read(topic.channel, after: after).assumeIsolated().whenComplete { [weak self] result in
                self?.readsUnderWay -= 1
                self?.haveRead(topic, reading: reading, after: after, result)
                self?.startReads()
            }
        }
    }

    private func haveRead(_ topic: Topic, reading: UInt64, after: EventID, _ result: Result<LogPage, any Error>) {
        guard topic.backlog.reading == reading else { return }
        switch result {
        case .failure:
            // Redis can't be asked: the link's loss follows, or the next tick finds Redis back.
            topic.backlog.fail()
            retries.append(topic)
        case .success(let page):
            let deliveries = page.entries.map { entry in
                Delivery(
                    channel: topic.channel, payload: entry.payload, stamp: entry.stamp,
                    position: Position(id: entry.stamp.id, era: page.state.era), count: 0, budget: budget)
            }
            let segment = LogSegment(state: page.state, after: after, isLast: page.isLast, deliveries: deliveries)
            for waiter in topic.backlog.end(segment) {
                guard case .catchingUp(let attempt) = waiter.subscriber.membership.stage, attempt === waiter.attempt
                else { continue }
                attempt.way.took(segment, isFresh: true, for: waiter.source)
                advance(waiter.subscriber)
            }
            wantingRead.append(topic)
        }
    }

    // MARK: - Topics

    private func topic(for channel: Channel) -> Topic {
        if let topic = topics[channel] { return topic }
        let topic = Topic(channel: channel, coveredFrom: count)
        topics[channel] = topic
        broker.subscribe(channel)
        return topic
    }

    private func forget(_ topic: Topic) {
        topics[topic.channel] = nil
        broker.unsubscribe(topic.channel)
        order.drop(topic.ring.empty())
    }

    private func keepWithinBudget() {
        while budget.isExceeded, order.evictOldest() { evicted.increment() }
    }
}

/// Why the hub can't take a subscriber in.
public enum HubError: Error, Equatable, CustomStringConvertible {
    /// The bound on channels, all of them wanted at present.
    case tooManyChannels(Int)

    /// For the client: what to do about it.
    public var description: String {
        switch self {
        case .tooManyChannels(let bound): "this worker already serves \(bound) channels, its most; try again later"
        }
    }
}
