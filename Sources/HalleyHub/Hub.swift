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
///          │                      │                    ◀── it fell behind ────────┤
///          ◀──────────────────────┴────────────────────┴── the link was lost ─────┘
/// ```
/// A poll that comes back takes them in one step where nothing is missing: see ``comeBack(_:to:from:)``.
///
/// What comes over the link is in HubLink.swift, the stages in HubStages.swift, the reading of logs in HubReads.swift,
/// channels that come and go on a standing connection in HubLegs.swift, those whom a burst is too fast for in HubLag.swift.
/// A channel is *covered* when a reading of Halley's clock, a tick, a mark or a durable event, came over the link after
/// the subscription was confirmed: every event with a greater id comes over the link, every other is in the log.
public final class Hub {
    let broker: any Broker
    let bounds: HubBounds
    let incarnation: Incarnation
    let budget: RingBudget
    var topics: [Channel: Topic] = [:]
    var lingering = LingerQueue()
    var order = RingOrder()
    var watermark: Watermark?
    /// How many messages and confirmations came over the link so far.
    var count: UInt64 = 0
    let now: () -> NIODeadline
    /// One of the ``topics``: that which a poll came back to last.
    var lastWanted: Topic?
    /// Those that are in and not live.
    var unsettled: [ObjectIdentifier: any Subscriber] = [:]
    /// Confirmed and waiting for a reading of the clock.
    var uncovered: [Topic] = []
    /// Joining, all channels covered, and waiting for a reading of the clock.
    var awaiting: [ObjectIdentifier: any Subscriber] = [:]
    var readsUnderWay = 0
    /// Topics whose reading failed, until the next sweep.
    var retries: [Topic] = []
    var wantingRead: Deque<Topic> = []
    /// Readings of logs at a time. Enough to keep Redis busy; a storm on as many channels waits here, not there.
    static let maximumReads = 128

    let logReads = Counter(label: "halley_hub_log_reads_total")
    let gaps = Counter(label: "halley_hub_gaps_total")
    let lags = Counter(label: "halley_hub_lags_total")
    let received = Counter(label: "halley_hub_events_received_total")
    let evicted = Counter(label: "halley_hub_ring_evictions_total")
    let refused = Counter(label: "halley_hub_channels_refused_total")
    let channels = Gauge(label: "halley_hub_channels")
    let memory = Gauge(label: "halley_hub_ring_bytes")

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
        if channels.count == 1, let position, comeBack(subscriber, to: channels[0], from: position) { return }
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

        var seats = Membership.Seats()
        for channel in channels {
            let topic = topic(for: channel)
            topic.members += 1
            seats.append(Membership.Seat(topic: topic, index: -1))
        }
        subscriber.membership.seats = seats
        enter(subscriber, Membership.Joining(from: position, isBack: false))
    }

    /// Lets a subscriber go. Harmless when it isn't in.
    public func leave(_ subscriber: some Subscriber) {
        let membership = subscriber.membership.end()
        switch membership.stage {
        case .live: for seat in membership.seats { seat.topic.unseat(at: seat.index) }
        // Not in, or a poll on its short way in: noted nowhere.
        case .outside: break
        case .joining, .catchingUp, .draining:
            let identity = ObjectIdentifier(subscriber)
            unsettled[identity] = nil
            awaiting[identity] = nil
            for seat in membership.seats { seat.topic.waiting[identity] = nil }
        }
        for seat in membership.seats { release(seat.topic) }
    }

    /// One subscriber less wants the topic.
    func release(_ topic: Topic) {
        topic.members -= 1
        if topic.members == 0 { lingering.append(topic, since: now()) }
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
        askAgain()
        // A backlog was encoded in one more format since the last event, perhaps.
        keepWithinBudget()
        channels.record(topics.count)
        memory.record(budget.used)
    }

    // MARK: - Topics

    func topic(for channel: Channel) -> Topic {
        if let topic = topics[channel] { return topic }
        let topic = Topic(channel: channel, coveredFrom: count)
        topics[channel] = topic
        broker.subscribe(topic)
        return topic
    }

    func forget(_ topic: Topic) {
        lastWanted = nil
        topics[topic.channel] = nil
        topic.isKept = false
        broker.unsubscribe(topic)
        // Notes in the queues here hold the topic for a while yet, and may hold no events with it. An answer that is under
        // way comes to nothing.
        topic.backlog.reset()
        order.drop(topic.ring.empty())
    }

    func keepWithinBudget() {
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
