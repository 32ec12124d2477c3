import HalleyCore

/// The worker's side of a connection: reading the logs, merging them, going live. And the client's.
extension ModelWorld {
    mutating func read(for index: Int, _ channel: Int) {
        redis.open()
        guard redis.data.era == subscribers[index].markEra else {
            // The logs and the link speak of different lives: begin again.
            mark(for: index)
            return
        }
        let held = subscribers[index].position
        let position = Position(id: held.id, era: ModelRedis.name(ofEra: held.era))
        let start = rule.start(of: position, in: redis.state(of: channel, after: .zero))
        var walk = LogWalk(from: position, in: redis.state(of: channel, after: start), by: rule)
        var steps: [ModelRead.Step] = []
        var place = EventID.zero
        for entry in redis.data.logs[channel]?.entries ?? [] where entry.id > start {
            if let gap = walk.step(to: entry.id, entry.link) {
                steps.append(ModelRead.Step(id: place, kind: .gap(before: entry.event, to: gap.to)))
            }
            steps.append(ModelRead.Step(id: entry.id, kind: .event(entry.event)))
            place = entry.id
        }
        if let gap = walk.end() {
            steps.append(ModelRead.Step(id: place, kind: .gap(before: published[channel].count, to: gap.to)))
        }
        subscribers[index].reads[channel] = ModelRead(clock: redis.data.clock ?? .zero, steps: steps)
        if subscribers[index].reads.allSatisfy({ $0 != nil }) { merge(for: index) }
    }

    private mutating func merge(for index: Int) {
        let reads = subscribers[index].reads.compactMap { $0 }
        let clocks = reads.map(\.clock)
        guard let limit = hub.contains(.smallestClock) ? clocks.min() : clocks.max() else { return }
        let era = redis.data.era
        var placed: [(id: EventID, item: ModelItem)] = []
        for (channel, read) in reads.enumerated() {
            // What is above the limit is still to come over the link; a gap speaks of what isn't.
            let coming = published[channel].firstIndex { !$0.lost && $0.era == era && $0.id > limit }
            for step in read.steps where step.id <= limit {
                switch step.kind {
                case .event(let event):
                    let at = ModelPosition(id: step.id, era: era)
                    placed.append((step.id, .event(channel: channel, event: event, at: at)))
                case .gap(let before, let to):
                    let end = ModelPosition(id: min(to, limit), era: era)
                    let at = hub.contains(.gapsMoveNothing) ? nil : end
                    let place = hub.contains(.gapsFirst) ? step.id : end.id
                    placed.append((place, .gap(channel: channel, before: min(before, coming ?? before), at: at)))
                }
            }
        }
        if hub.contains(.mergeByID) { placed = Self.sorted(placed) }
        placed.append((limit, .heartbeat(at: ModelPosition(id: limit, era: era))))
        subscribers[index].stage = .live
        subscribers[index].era = era
        subscribers[index].reached = limit
        subscribers[index].outbox = placed.map(\.item)
        subscribers[index].reads = Array(repeating: nil, count: reads.count)
        if subscribers[index].outbox.count == 1 { receive(subscribers[index].outbox.removeFirst(), by: index) }
        let buffer = subscribers[index].buffer
        subscribers[index].buffer = []
        for message in buffer { goOn(index, with: message) }
    }

    /// By id; events before gaps of the same id; otherwise as they were.
    private static func sorted(_ placed: [(id: EventID, item: ModelItem)]) -> [(id: EventID, item: ModelItem)] {
        func isGap(_ item: ModelItem) -> Bool { if case .gap = item { true } else { false } }
        return placed.enumerated().sorted { left, right in
            if left.element.id != right.element.id { return left.element.id < right.element.id }
            if isGap(left.element.item) != isGap(right.element.item) { return isGap(right.element.item) }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// A message from the link for a subscriber that has read the logs.
    mutating func goOn(_ index: Int, with message: ModelMessage) {
        let position: ModelPosition
        let afterLoss: Bool
        switch message {
        case .event(_, _, let at, let ofLoss), .tick(let at, let ofLoss): (position, afterLoss) = (at, ofLoss)
        case .mark: return
        }
        let isSameEra = position.era == subscribers[index].era
        if isSameEra || !hub.contains(.otherErasAreNew) {
            if hub.contains(.dropRepeats), position.id <= subscribers[index].reached { return }
        }
        if !isSameEra, afterLoss, hub.contains(.retell) {
            for channel in published.indices {
                let before = published[channel].firstIndex { $0.era == position.era } ?? published[channel].count
                send(.gap(channel: channel, before: before, at: nil), to: index)
            }
        }
        subscribers[index].era = position.era
        subscribers[index].reached = position.id
        switch message {
        case .event(let channel, let event, let at, _):
            send(.event(channel: channel, event: event, at: at), to: index)
        case .tick(let at, _): send(.heartbeat(at: at), to: index)
        case .mark: break
        }
    }

    private mutating func send(_ item: ModelItem, to index: Int) {
        if subscribers[index].outbox.isEmpty {
            receive(item, by: index)
        } else {
            subscribers[index].outbox.append(item)
        }
    }

    // MARK: The client, watched by the oracle

    mutating func receive(_ item: ModelItem, by index: Int) {
        var moved: ModelPosition?
        switch item {
        case .event(let channel, let event, let at):
            moved = at
            deliver(event, on: channel, to: index, in: at.era)
        case .gap(let channel, let before, let at):
            moved = at
            let covered = subscribers[index].ledgers[channel].covered
            subscribers[index].ledgers[channel].covered = max(covered, before)
            subscribers[index].ledgers[channel].open = true
            subscribers[index].ledgers[channel].debt = false
        case .heartbeat(let at): moved = at
        }
        guard let moved else { return }
        subscribers[index].position = moved
        subscribers[index].overtaken = false
    }

    private mutating func deliver(_ event: Int, on channel: Int, to index: Int, in era: Int) {
        var ledger = subscribers[index].ledgers[channel]
        guard event >= ledger.next else {
            violation = .repeated(channel: channel, event: event)
            return
        }
        // Lost data that a worker still knows of is told late, when that worker calls or its word comes over the link.
        settle(
            &ledger, on: channel, upTo: event, lostIsDebt: undiscovered || era != redis.data.era,
            isWitness: subscribers[index].isWitness)
        ledger.next = event + 1
        ledger.covered = ledger.next
        ledger.open = false
        subscribers[index].ledgers[channel] = ledger
    }

    /// Looks at what a subscriber has been passed over.
    private mutating func settle(
        _ ledger: inout ModelLedger, on channel: Int, upTo end: Int, lostIsDebt: Bool, isWitness: Bool
    ) {
        var missed = false
        for event in ledger.next..<max(end, ledger.next)
        where !published[channel][event].excused || isWitness && published[channel][event].lost {
            missed = true
            guard event >= ledger.covered else { continue }
            if lostIsDebt, published[channel][event].lost {
                ledger.debt = true
            } else {
                violation = .lost(channel: channel, event: event)
            }
        }
        if ledger.open, !missed, scene.neverNeedless { violation = .needless(channel: channel) }
    }

    /// A subscriber to whom nothing is under way has everything, or was told.
    mutating func watchTheIdle() {
        for index in subscribers.indices {
            let subscriber = subscribers[index]
            guard subscriber.stage == .live, subscriber.marked, subscriber.outbox.isEmpty,
                workers[subscriber.worker].connected, workers[subscriber.worker].queue.isEmpty
            else { continue }
            for channel in published.indices {
                var ledger = subscriber.ledgers[channel]
                settle(
                    &ledger, on: channel, upTo: published[channel].count, lostIsDebt: undiscovered,
                    isWitness: subscriber.isWitness)
                if ledger.debt, !undiscovered { violation = .lost(channel: channel, event: ledger.next) }
            }
        }
    }
}
