import HalleyBroker
import HalleyCore

/// The reading of logs for those who catch up: one at a time for a channel, a bounded number at a time in all.
extension Hub {
    func read(_ subscriber: any Subscriber, _ attempt: CatchingUp, source: Int, after: EventID) {
        let topic = attempt.topics[source]
        // A page ends before what has come since it was read. That is in the ring.
        if let ring = topic.ring.durable(after: after), attempt.way.took(ring: ring, for: source) { return }
        if let watermark, let segment = topic.backlog.segment(after: after, era: watermark.era) {
            take(segment, isFresh: false, for: subscriber, attempt, source: source)
            return
        }
        topic.backlog.wait(Backlog.Waiter(subscriber: subscriber, attempt: attempt, source: source, after: after))
        wantingRead.append(topic)
        startReads()
    }

    func startReads() {
        while readsUnderWay < Self.maximumReads, let topic = wantingRead.popFirst() {
            guard let after = topic.backlog.begin(), let reading = topic.backlog.reading else { continue }
            readsUnderWay += 1
            logReads.increment()
            broker.read(topic.channel, after: after).assumeIsolated().whenComplete { [self] result in
                readsUnderWay -= 1
                haveRead(topic, reading: reading, after: after, result)
                startReads()
            }
        }
    }

    private func haveRead(_ topic: Topic, reading: UInt64, after: EventID, _ result: Result<LogPage, any Error>) {
        guard topic.backlog.reading == reading else { return }
        switch result {
        case .failure:
            // Redis can't be asked: the link's loss follows, or the next sweep finds Redis back.
            topic.backlog.fail()
            retries.append(topic)
        case .success(let page):
            let deliveries = page.entries.map { entry in
                Delivery(
                    channel: topic.channel, payload: entry.payload, stamp: entry.stamp,
                    position: Position(id: entry.stamp.id, era: page.state.era), count: 0, budget: budget)
            }
            let segment = LogSegment(
                state: page.state, after: after, lastEntry: page.through, isLast: page.isLast, deliveries: deliveries)
            for (waiter, isFresh) in topic.backlog.end(segment) {
                guard case .catchingUp(let attempt) = waiter.subscriber.membership.stage, attempt === waiter.attempt
                else { continue }
                take(segment, isFresh: isFresh, for: waiter.subscriber, attempt, source: waiter.source)
                advance(waiter.subscriber)
            }
            wantingRead.append(topic)
        }
    }

    /// Redis may have begun a new era of which the link hasn't told yet. It will: then the subscriber begins anew.
    private func take(
        _ segment: LogSegment, isFresh: Bool, for subscriber: any Subscriber, _ attempt: CatchingUp, source: Int
    ) {
        guard !attempt.way.took(segment, isFresh: isFresh, for: source) else { return }
        let joining = Membership.Joining(from: attempt.way.position, isBack: attempt.isTold)
        wait(subscriber, joining, for: .reading)
    }
}
