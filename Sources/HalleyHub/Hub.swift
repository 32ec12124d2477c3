import HalleyBroker
import HalleyCore
import Metrics
import NIOCore

import struct HalleyCore.Channel

/// Joins the broker's channels with the subscribers of this worker: a channel is subscribed exactly while somebody here
/// wants it, and for the linger after; its recent events stay in a ring; every event goes to every local subscriber.
///
/// Bound to one event loop. A subscriber goes through four stages:
/// ```
/// join ─▶ joining ─▶ catching up ─▶ live ─▶ leave
///          │ all channels confirmed  │ rings read to their end
/// ```
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
        awaitConfirmations(of: subscriber, from: position)
    }

    /// Lets a subscriber go. Harmless when it isn't in.
    public func leave(_ subscriber: some Subscriber) {
        let wasLive = subscriber.membership.isLive
        let wasJoining = if case .joining = subscriber.membership.stage { true } else { false }
        for seat in subscriber.membership.seats {
            let topic = seat.topic
            if wasLive { topic.unseat(at: seat.index) }
            if wasJoining { topic.waiting[ObjectIdentifier(subscriber)] = nil }
            topic.members -= 1
            if topic.members == 0 { lingering.append(topic, since: now()) }
        }
        subscriber.membership = Membership()
    }

    /// Goes on with a backlog that paused because the subscriber could take no more.
    public func resumeBacklog(of subscriber: some Subscriber) {
        feed(subscriber)
    }

    /// Ends the subscriptions whose linger is over. Call it about once a second.
    public func sweep() {
        let limit = now() - bounds.linger
        while let topic = lingering.popFirst(leftBy: limit) { forget(topic) }
        // A backlog was encoded in one more format since the last event, perhaps.
        keepWithinBudget()
        channels.record(topics.count)
        memory.record(budget.used)
    }

    // MARK: - The broker's word

    /// Gives the event to everyone here who wants its channel, and keeps it in the channel's ring.
    public func brokerReceived(_ message: BrokerMessage) {
        guard let topic = topics[message.channel] else { return }
        count += 1
        received.increment()
        let delivery = Delivery(
            channel: topic.channel, payload: message.payload, position: position, count: count, budget: budget)
        topic.fanOut(delivery)
        order.append(topic, count: count)
        order.drop(topic.ring.append(delivery, maximumEvents: bounds.ringEvents, maximumBytes: bounds.ringBytes))
        keepWithinBudget()
    }

    /// From here on nothing of the channel is missed: those who waited for that are taken in.
    public func brokerSubscribed(to channel: Channel) {
        guard let topic = topics[channel], !topic.isConfirmed else { return }
        topic.isConfirmed = true
        // The confirmation counts as something that came over the link: a position given before it must not seem to
        // cover what the channel may have missed until now.
        count += 1
        topic.ring.cover(from: count)
        let waiting = topic.waiting
        topic.waiting = [:]
        for subscriber in waiting.values { confirmed(subscriber) }
    }

    /// Moves every live subscriber's position on.
    public func brokerTicked(_ watermark: Watermark) {
        self.watermark = watermark
    }

    /// What is published from now on may be missed, until each channel is confirmed anew.
    public func brokerLost() {
        // Whoever joins from now on waits for the new link, and whoever is joining waits for all its channels again;
        // those in already stay.
        var joining: [ObjectIdentifier: any Subscriber] = [:]
        for topic in topics.values {
            topic.isConfirmed = false
            joining.merge(topic.waiting) { subscriber, _ in subscriber }
        }
        for subscriber in joining.values {
            guard case .joining(_, let position) = subscriber.membership.stage else { continue }
            awaitConfirmations(of: subscriber, from: position)
        }
    }

    // MARK: - Stages

    private func awaitConfirmations(of subscriber: any Subscriber, from position: Position?) {
        var unconfirmed = 0
        for seat in subscriber.membership.seats where !seat.topic.isConfirmed {
            unconfirmed += 1
            seat.topic.waiting[ObjectIdentifier(subscriber)] = subscriber
        }
        subscriber.membership.stage = .joining(unconfirmed: unconfirmed, from: position)
        if unconfirmed == 0 { begin(subscriber, from: position) }
    }

    private func confirmed(_ subscriber: any Subscriber) {
        guard case .joining(let unconfirmed, let position) = subscriber.membership.stage else { return }
        if unconfirmed == 1 {
            begin(subscriber, from: position)
        } else {
            subscriber.membership.stage = .joining(unconfirmed: unconfirmed - 1, from: position)
        }
    }

    private func begin(_ subscriber: any Subscriber, from position: Position?) {
        var resume = Resume.fresh
        var cursor = count
        let wholeFrom = subscriber.membership.seats.map(\.topic.ring.coveredFrom).max() ?? 0
        var start = self.position
        if let position {
            resume = .durableOnly
            if let live = position.cursor, live.incarnation == incarnation, live.count <= count {
                cursor = live.count
                // It stays where it stood until its backlog has come.
                start = position
                if cursor >= wholeFrom { resume = .complete }
            }
        }
        subscriber.membership.stage = .catchingUp(after: cursor, wholeFrom: wholeFrom)
        subscriber.joined(resume, at: start)
        feed(subscriber)
    }

    /// Delivers from the rings, merged by count across the subscriber's channels, as long as it can take more; at their
    /// end it goes live.
    private func feed(_ subscriber: any Subscriber) {
        while case .catchingUp(let cursor, let wholeFrom) = subscriber.membership.stage {
            var next: Delivery?
            for seat in subscriber.membership.seats {
                guard seat.topic.ring.isComplete(from: max(cursor, wholeFrom)) else {
                    subscriber.fellBehind()
                    return
                }
                guard let candidate = seat.topic.ring.first(after: cursor) else { continue }
                if next.map({ candidate.count < $0.count }) ?? true { next = candidate }
            }
            guard let next else {
                subscriber.membership.stage = .live
                for index in subscriber.membership.seats.indices {
                    subscriber.membership.seats[index].index =
                        subscriber.membership.seats[index].topic.seat(subscriber)
                }
                return
            }
            guard subscriber.takesBacklog else { return }
            subscriber.membership.stage = .catchingUp(after: next.count, wholeFrom: wholeFrom)
            subscriber.deliver(next)
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
