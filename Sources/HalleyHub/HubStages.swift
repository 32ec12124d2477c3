import HalleyBroker
import HalleyCore

import struct HalleyCore.Channel

/// The stages of a subscriber, from its joining until it is live.
extension Hub {
    func enter(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        let identity = ObjectIdentifier(subscriber)
        unsettled[identity] = subscriber
        subscriber.membership.stage = .joining(joining)
        joining.confirmedAt = count
        for seat in subscriber.membership.seats where !seat.topic.isCovered {
            joining.uncovered += 1
            seat.topic.waiting[identity] = subscriber
        }
        if joining.uncovered == 0 { begin(subscriber, joining) }
    }

    /// The short way of a poll, which comes back to its one channel with every event: when the cursor of its position is in
    /// the ring it goes through all stages at once, and nothing is noted of those between.
    ///
    /// - Returns: `false`, with nothing changed, when it has to go the whole way.
    func comeBack(_ subscriber: some Subscriber, to channel: Channel, from position: Position) -> Bool {
        guard let cursor = position.cursor, cursor.incarnation == incarnation, cursor.count <= count, watermark != nil,
            let topic = wanted(channel), topic.isCovered, topic.ring.isComplete(from: cursor.count)
        else { return false }
        lingering.remove(topic)
        topic.members += 1
        if (topic.ring.deliveries.last?.count ?? 0) <= cursor.count {
            subscriber.membership = Membership(liveIn: topic, at: topic.seat(subscriber))
            subscriber.joined(.complete, at: position)
        } else {
            subscriber.membership.seats = Membership.Seats(Membership.Seat(topic: topic, index: -1))
            subscriber.joined(.complete, at: position)
            feed(subscriber, from: topic, after: cursor.count, at: position)
        }
        return true
    }

    /// From one ring, without a note of how far it is unless it pauses. What it is given may make it leave.
    private func feed(
        _ subscriber: some Subscriber, from topic: Topic, after cursor: UInt64, at position: Position
    ) {
        var cursor = cursor
        var position = position
        while !subscriber.membership.seats.isEmpty, let next = topic.ring.first(after: cursor) {
            guard subscriber.takesBacklog else {
                unsettled[ObjectIdentifier(subscriber)] = subscriber
                subscriber.membership.stage = .draining(Membership.Draining(after: cursor, at: position))
                return
            }
            cursor = next.count
            position = next.position ?? position
            subscriber.deliver(next)
        }
        guard !subscriber.membership.seats.isEmpty else { return }
        subscriber.membership = Membership(liveIn: topic, at: topic.seat(subscriber))
    }

    private func wanted(_ channel: Channel) -> Topic? {
        if let lastWanted, lastWanted.channel == channel { return lastWanted }
        guard let topic = topics[channel] else { return nil }
        lastWanted = topic
        return topic
    }

    /// Begins again where the subscriber stands.
    func beginAnew(_ subscriber: any Subscriber) {
        let identity = ObjectIdentifier(subscriber)
        awaiting[identity] = nil
        for seat in subscriber.membership.seats { seat.topic.waiting[identity] = nil }
        let joining: Membership.Joining
        switch subscriber.membership.stage {
        // It has been told nothing yet.
        case .joining(let old): joining = Membership.Joining(from: old.position, isBack: old.isBack)
        case .catchingUp(let attempt):
            joining = Membership.Joining(from: attempt.way.position, isBack: attempt.isTold)
        // It comes back by itself, and is told that it may have missed something.
        case .draining(let draining) where draining.isLagging: return draining.isCutOff = true
        case .draining(let draining):
            joining = Membership.Joining(from: draining.position.map { Position(id: $0.id, era: $0.era) }, isBack: true)
        case .outside, .live: return
        }
        enter(subscriber, joining)
    }

    /// All its channels are covered: says from where it goes on.
    func begin(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        guard let watermark else { return }
        guard let position = joining.position else {
            return beginFresh(subscriber, joining)
        }
        if let cursor = position.cursor, cursor.incarnation == incarnation, cursor.count <= count,
            subscriber.membership.seats.allSatisfy({ $0.topic.ring.isComplete(from: cursor.count) })
        {
            subscriber.joined(.complete, at: position)
            return drain(subscriber, after: cursor.count, at: position)
        }
        let isOfThisEra = position.era == watermark.era
        let way: CatchUp
        if isOfThisEra, position.id > watermark.id {
            // It has heard of later events than this link has brought, or Redis went back in time.
            guard joining.isAhead else { return wait(subscriber, joining, for: .passing(isVouched: false)) }
            way = CatchUp(ahead: position, channels: subscriber.membership.seats.map(\.topic.channel), to: watermark)
        } else {
            let rings = subscriber.membership.seats.map { seat in
                (seat.topic.channel, isOfThisEra ? seat.topic.ring.durable(after: position.id) : nil)
            }
            way = CatchUp(from: position, rings: rings, to: watermark)
        }
        let topics = subscriber.membership.seats.map(\.topic)
        subscriber.membership.stage = .catchingUp(CatchingUp(way, of: topics, count: count, isTold: joining.isBack))
        advance(subscriber)
    }

    /// Without a position it gets whatever has come since all its channels were confirmed. The position before that is
    /// anybody's guess, so it is told one only where nothing has come.
    private func beginFresh(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        let start = joining.confirmedAt
        let hasEvents = subscriber.membership.seats.contains { $0.topic.ring.first(after: start) != nil }
        if !joining.isBack { subscriber.joined(.fresh, at: hasEvents ? nil : position) }
        drain(subscriber, after: start, at: position)
    }

    /// Goes on as far as the subscriber takes it and what was asked for has come.
    func advance(_ subscriber: any Subscriber) {
        while case .catchingUp(let attempt) = subscriber.membership.stage {
            if !attempt.isTold, attempt.way.isJudged {
                attempt.isTold = true
                subscriber.joined(attempt.way.hasGap ? .gap : .durableOnly, at: nil)
                continue
            }
            guard !attempt.isTold || subscriber.takesBacklog else { return }
            switch attempt.way.next() {
            case .read(let source, let after): read(subscriber, attempt, source: source, after: after)
            case .wait: return
            case .event(let delivery): subscriber.deliver(delivery)
            case .gap(let gap):
                attempt.hasToldGap = true
                gaps.increment()
                subscriber.tell(gap)
            case .finished:
                if attempt.hasToldGap { subscriber.reached(attempt.way.position) }
                drain(subscriber, after: attempt.count, at: attempt.way.position)
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
            guard !isLost(subscriber, draining) else { return }
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

    // MARK: - Waiting for the clock

    func wait(_ subscriber: any Subscriber, _ joining: Membership.Joining, for awaited: Membership.Awaited) {
        subscriber.membership.stage = .joining(joining)
        joining.awaited = awaited
        awaiting[ObjectIdentifier(subscriber)] = subscriber
        ask(for: subscriber, joining)
    }

    /// Asks Redis for its clock. A position that it has given is passed by the link in time; another one never will be.
    private func ask(for subscriber: any Subscriber, _ joining: Membership.Joining) {
        broker.mark().assumeIsolated().whenSuccess { [self, weak subscriber] reading in
            guard let subscriber, case .joining(let present) = subscriber.membership.stage,
                present === joining, case .passing = joining.awaited, let position = joining.position,
                reading.era == position.era
            else { return }
            joining.awaited = .passing(isVouched: position.id <= reading.id)
            guard position.id > reading.id else { return }
            joining.isAhead = true
            resume(subscriber, joining)
        }
    }

    /// Redis couldn't be asked the last time, perhaps.
    func askAgain() {
        for subscriber in awaiting.values {
            guard case .joining(let joining) = subscriber.membership.stage else { continue }
            if case .passing(isVouched: true) = joining.awaited { continue }
            ask(for: subscriber, joining)
        }
    }

    /// A reading came over the link.
    func settleAwaiting() {
        for subscriber in Array(awaiting.values) {
            guard let watermark, case .joining(let joining) = subscriber.membership.stage else { continue }
            if case .passing = joining.awaited, let position = joining.position, position.era == watermark.era,
                position.id > watermark.id
            {
                continue
            }
            resume(subscriber, joining)
        }
    }

    private func resume(_ subscriber: any Subscriber, _ joining: Membership.Joining) {
        awaiting[ObjectIdentifier(subscriber)] = nil
        joining.awaited = nil
        begin(subscriber, joining)
    }
}
