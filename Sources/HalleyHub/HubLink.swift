import HalleyBroker
import HalleyCore

import struct HalleyCore.Channel

/// What comes over the broker's link, and where the link stands.
extension Hub: BrokerListener {
    /// Gives the event to everyone here who wants its channel, and keeps it in the channel's ring.
    public func brokerReceived(_ payload: [UInt8], stamp: Stamp?, on subscription: Subscription) {
        guard let topic = subscription as? Topic, topic.isKept else { return }
        var covered: [Topic] = []
        var isNewEra = false
        if let stamp {
            isNewEra = pass(Watermark(id: stamp.id, era: stamp.era))
            covered = cover { $0 === topic ? stamp.link.id : stamp.id }
        }
        count += 1
        received.increment()
        let delivery = Delivery(
            channel: topic.channel, payload: payload, stamp: stamp, position: position, count: count,
            budget: budget)
        topic.fanOut(delivery)
        order.append(topic, count: count)
        order.drop(topic.ring.append(delivery, maximumEvents: bounds.ringEvents, maximumBytes: bounds.ringBytes))
        keepWithinBudget()
        // Not before the event is in its ring: who begins now finds it there, or in the log, and never in both.
        if isNewEra { settleEra() }
        if stamp != nil { settle(covered) }
    }

    /// From here on every event of the channel arrives. Which ones that are is known with the next reading of the clock.
    public func brokerSubscribed(to subscription: Subscription) {
        guard let topic = subscription as? Topic, topic.isKept, !topic.isConfirmed else { return }
        topic.isConfirmed = true
        // A position given before must not seem to cover what the channel may have missed until now.
        count += 1
        topic.ring.confirm(from: count)
        for subscriber in topic.waiting.values {
            if case .joining(let joining) = subscriber.membership.stage { joining.confirmedAt = count }
        }
        if uncovered.isEmpty { broker.mark() }
        uncovered.append(topic)
    }

    /// Moves every live subscriber's position on, and takes in those who waited for that.
    public func brokerTicked(_ watermark: Watermark) {
        let isNewEra = pass(watermark)
        let covered = cover { _ in watermark.id }
        if isNewEra { settleEra() }
        settle(covered)
    }

    /// Nobody can say who of those that came since the link is up was told too much: everyone is told a gap.
    public func brokerRewound(to watermark: Watermark) {
        let lost = self.watermark
        _ = pass(watermark)
        let covered = cover { _ in watermark.id }
        count += 1
        for topic in topics.values where topic.isCovered {
            topic.ring.confirm(from: count)
            topic.ring.cover(floor: watermark.id)
        }
        sendBack(from: lost)
        settle(covered)
    }

    /// What is published from now on may be missed: everyone begins anew where he stands, as soon as each of his channels is
    /// covered again.
    public func brokerLost() {
        uncovered = []
        awaiting = [:]
        wantingRead = []
        retries = []
        for topic in topics.values {
            topic.isConfirmed = false
            topic.isCovered = false
            topic.ring.uncover()
            topic.backlog.reset()
            topic.waiting = [:]
        }
        sendBack(from: watermark)
    }

    /// Everyone begins anew: the live ones, who stand where the link stood, and those on their way.
    private func sendBack(from lost: Watermark?) {
        let back = topics.values.flatMap { $0.unseatAll() }
        for subscriber in Array(unsettled.values) { beginAnew(subscriber) }
        for subscriber in back where subscriber.membership.isLive {
            for index in subscriber.membership.seats.indices { subscriber.membership.seats[index].index = -1 }
            enter(subscriber, Membership.Joining(from: lost.map { Position(id: $0.id, era: $0.era) }, isBack: true))
        }
    }

    /// An id below the last one, or of another era, is a new life of Redis' data, never a repetition.
    ///
    /// - Returns: whether a new era began. Call ``settleEra()`` when everything that came with it has its place.
    private func pass(_ new: Watermark) -> Bool {
        let old = watermark
        watermark = new
        guard let old, old.era != new.era || new.id < old.id else { return false }
        count += 1
        for topic in topics.values {
            topic.ring.beginEra(from: count, floor: new.id)
            topic.backlog.reset()
        }
        return true
    }

    /// The link is unbroken, so the live ones have missed nothing; but what they hold as their position is worth nothing in
    /// the new era. Who is still reading logs will be judged in it: what he was on the way to is gone.
    private func settleEra() {
        for subscriber in Array(unsettled.values) {
            if case .catchingUp(let attempt) = subscriber.membership.stage, !attempt.way.isFetched {
                beginAnew(subscriber)
            }
        }
        guard let position else { return }
        for topic in topics.values { topic.tellLive(position) }
    }

    /// Every channel that was confirmed before this moment is covered from here on.
    ///
    /// - Returns: those that weren't before.
    private func cover(floor: (Topic) -> EventID) -> [Topic] {
        guard !uncovered.isEmpty else { return [] }
        defer { uncovered = [] }
        let covered = uncovered.filter { topics[$0.channel] === $0 }
        for topic in covered {
            topic.isCovered = true
            topic.ring.cover(floor: floor(topic))
        }
        return covered
    }

    /// Takes in those that waited for these topics, and for the link to come to where they stand.
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
        if !awaiting.isEmpty { settleAwaiting() }
    }
}
