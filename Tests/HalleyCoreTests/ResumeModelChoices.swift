import HalleyCore

extension ModelWorld {
    /// Everything that may happen next.
    var choices: [ModelAction] {
        var all: [ModelAction] = []
        for worker in workers.indices { choices(of: worker, into: &all) }
        for index in subscribers.indices { choices(ofSubscriber: index, into: &all) }
        for channel in published.indices {
            if may(.publish) { all.append(.publish(channel: channel)) }
            if may(.publishShort) { all.append(.publish(channel: channel, history: 1)) }
            if may(.publishLong) { all.append(.publish(channel: channel, ttl: 2 * scene.retention)) }
            if let log = redis.data.logs[channel] {
                if !log.entries.isEmpty {
                    if may(.trim) { all.append(.trim(channel: channel)) }
                    if may(.cut) { all.append(.cut(channel: channel)) }
                }
                if may(.delete) { all.append(.delete(channel: channel)) }
            }
        }
        if may(.flush), !undiscovered, isPastAllIDs { all.append(.flush) }
        if may(.forgetClock), redis.data.clock != nil { all.append(.forgetClock) }
        if may(.backup) { all.append(.backup) }
        if may(.restart) { all.append(.restart) }
        if may(.restore), backup != nil, !undiscovered, isPastAllIDs { all.append(.restore) }
        if may(.step) { all.append(.time(1)) }
        if may(.jump) { all.append(.time(Int(scene.retention) + 1)) }
        if may(.back), scene.isUnlimited || redis.data.clock.map({ $0.milliseconds >= redis.now }) ?? false {
            all.append(.time(-2))
        }
        return all
    }

    /// Redis' time is later than every id of any life; or the scene has it otherwise.
    private var isPastAllIDs: Bool { scene.timeSetBack || redis.now > newest.milliseconds }

    private func may(_ kind: ModelAction.Kind) -> Bool { spent[kind.rawValue] < scene.limits[kind.rawValue] }

    private func choices(of worker: Int, into all: inout [ModelAction]) {
        if workers[worker].connected {
            if !workers[worker].queue.isEmpty { all.append(.handle(worker: worker)) }
            if may(.tick) { all.append(.tick(worker: worker)) }
            if may(.loseLink) { all.append(.loseLink(worker: worker)) }
        } else {
            all.append(.reconnect(worker: worker))
        }
        if may(.kill) { all.append(.kill(worker: worker)) }
    }

    private func choices(ofSubscriber index: Int, into all: inout [ModelAction]) {
        let subscriber = subscribers[index]
        if !subscriber.outbox.isEmpty { all.append(.receive(subscriber: index)) }
        switch subscriber.stage {
        case .away:
            guard may(.join) else { return }
            for worker in workers.indices where workers[worker].connected {
                all.append(.join(subscriber: index, worker: worker))
            }
        case .joining:
            if may(.leave) { all.append(.leave(subscriber: index)) }
            guard workers[subscriber.worker].connected else { return }
            for channel in published.indices where subscriber.reads[channel] == nil {
                all.append(.read(subscriber: index, channel: channel))
            }
        case .live: if may(.leave) { all.append(.leave(subscriber: index)) }
        }
    }
}
