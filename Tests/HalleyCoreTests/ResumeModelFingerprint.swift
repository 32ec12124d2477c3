import HalleyCore

/// 64 bits that stand for a moment. Among a million moments two share them by chance once in 40 million searches.
private struct Fingerprint {
    private(set) var bits: UInt64 = 0

    mutating func add(_ value: UInt64) {
        var mixed = (bits ^ value) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        bits = mixed ^ (mixed >> 31)
    }

    mutating func add(_ value: Int) { add(UInt64(bitPattern: Int64(value))) }

    mutating func add(_ value: Bool) { add(value ? 1 : 0) }

    /// Ids of the model are small.
    mutating func add(_ id: EventID?) { add(id.map { ($0.milliseconds << 16 | $0.counter) + 1 } ?? 0) }

    mutating func add(_ position: ModelPosition) {
        add(position.id)
        add(position.era)
    }

    mutating func add(_ message: ModelMessage) {
        switch message {
        case .event(let channel, let event, let at, let ofLoss):
            add(1 << 32 | channel << 24 | event << 8 | (ofLoss ? 1 : 0))
            add(at)
        case .tick(let at, let ofLoss):
            add(2 << 32 | (ofLoss ? 1 : 0))
            add(at)
        case .mark(let subscriber): add(3 << 32 | subscriber)
        }
    }

    mutating func add(_ item: ModelItem) {
        switch item {
        case .event(let channel, let event, let at):
            add(1 << 32 | channel << 24 | event)
            add(at)
        case .gap(let channel, let before, let at):
            add(2 << 32 | channel << 24 | before)
            if let at { add(at) }
        case .heartbeat(let at):
            add(3 << 32)
            add(at)
        }
    }

    mutating func add(_ data: ModelRedis.Data) {
        add(data.clock)
        add(data.born)
        add(data.era << 1 | (data.ofLoss ? 1 : 0))
        add(data.wakes.count)
        for wake in data.wakes {
            add(wake.from)
            add(wake.to)
        }
        for log in data.logs {
            add(log?.last)
            add(log?.expiry ?? 0)
            for entry in log?.entries ?? [] {
                add(entry.id)
                add(entry.link.id)
            }
        }
        for last in data.lasts {
            add(last?.id)
            add(last?.expiry ?? 0)
        }
    }
}

extension ModelWorld {
    var fingerprint: UInt64 {
        var print = Fingerprint()
        print.add(redis.now)
        print.add(redis.left)
        print.add(redis.eras)
        print.add(redis.data)
        print.add(newest)
        print.add(undiscovered)
        print.add(hasLost)
        print.add(backup != nil)
        if let backup {
            print.add(backup.data)
            for count in backup.counts { print.add(count) }
        }
        for worker in workers {
            print.add(worker.connected)
            print.add((worker.owesProof ? 2 : 0) | (worker.overtaken ? 1 : 0))
            print.add(worker.watermark)
            print.add(worker.queue.count)
            for message in worker.queue { print.add(message) }
        }
        for subscriber in subscribers { add(subscriber, to: &print) }
        for events in published {
            print.add(events.count)
            for event in events {
                print.add(event.id)
                print.add(event.era << 2 | (event.lost ? 2 : 0) | (event.excused ? 1 : 0))
            }
        }
        let words = unsafeBitCast(spent, to: SIMD4<UInt64>.self)
        for word in words.indices { print.add(words[word]) }
        return print.bits
    }

    private func add(_ subscriber: ModelSubscriber, to print: inout Fingerprint) {
        print.add(subscriber.position)
        print.add((subscriber.isWitness ? 2 : 0) | (subscriber.overtaken ? 1 : 0))
        print.add(subscriber.marked)
        print.add(Int(subscriber.stage.rawValue) << 16 | (subscriber.worker + 1) << 8 | subscriber.markEra)
        print.add(subscriber.era)
        print.add(subscriber.reached)
        for ledger in subscriber.ledgers {
            print.add(ledger.next << 16 | ledger.covered << 8 | (ledger.open ? 2 : 0) | (ledger.debt ? 1 : 0))
        }
        for read in subscriber.reads {
            print.add(read?.clock)
            for step in read?.steps ?? [] {
                print.add(step.id)
                switch step.kind {
                case .event(let event): print.add(event)
                case .gap(let before, let to):
                    print.add(1 << 32 | before)
                    print.add(to)
                }
            }
        }
        print.add(subscriber.buffer.count)
        for message in subscriber.buffer { print.add(message) }
        print.add(subscriber.outbox.count)
        for item in subscriber.outbox { print.add(item) }
    }
}
