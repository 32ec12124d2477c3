import Foundation
import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import SeededRandom
import Testing
import ThreadGate

import struct HalleyCore.Channel

/// Thousands of random lives of two hubs on one set of logs. The oracle keeps a list of all durable events: whoever has a
/// position has had every one up to it, once and in order, or was told a gap that covers it.
@Suite(.occupiesThread) struct DurableRandomTests {
    @Test(arguments: 0..<(UInt64(ProcessInfo.processInfo.environment["LIVES"] ?? "40") ?? 40))
    func everyEventComesOnceOrIsCoveredByAGap(block: UInt64) throws {
        for seed in block * 50..<(block + 1) * 50 {
            var life = DurableLife(seed: seed)
            for _ in 0..<120 { try life.step() }
            try life.end()
            try #require(life.complaints.isEmpty, "seed \(seed): \(life.complaints.prefix(3))")
        }
    }
}

private struct DurableLife {
    private final class Stay {
        let subscriber = TestSubscriber()
        let fixture: HubFixture
        let channels: [Channel]
        let from: Position?

        init(_ fixture: HubFixture, _ channels: [Channel], from: Position?) {
            self.fixture = fixture
            self.channels = channels
            self.from = from
        }

        /// Where the client stands; what a live one hears by heartbeat included.
        var position: Position? {
            (subscriber.membership.isLive ? fixture.hub.position : nil) ?? subscriber.position ?? from
        }
    }

    private struct Event {
        let id: EventID
        let channel: Channel
        /// The era in which Redis came back without it.
        var lostIn: Era?
    }

    private(set) var complaints: [String] = []
    private var random: SeededGenerator
    private let fixtures: [HubFixture]
    private let channels = [news, sport, weather]
    private var events: [Event] = []
    private var stays: [Stay] = []
    private var left: [(position: Position, channels: [Channel])] = []
    private let trims: Bool
    private let flushes: Bool
    private let restarts: Bool
    private let lags: Bool

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        trims = seed % 2 == 0
        flushes = seed % 4 == 1
        restarts = seed % 8 > 5
        lags = seed % 3 != 0
        let first = HubFixture(ringEvents: seed % 5 == 0 ? 3 : 1_000)
        let second = HubFixture(
            ringEvents: seed % 5 == 1 ? 3 : 1_000, incarnation: Incarnation(bits: 2), sharing: first)
        fixtures = [first, second]
        for fixture in fixtures { fixture.broker.pageEntries = seed % 7 == 0 ? 1 : 2 + Int(seed % 3) * 50 }
    }

    mutating func step() throws {
        let fixture = fixtures[Int.random(in: 0...1, using: &random)]
        let channel = channels[Int.random(in: 0...2, using: &random)]
        switch Int.random(in: 0..<30, using: &random) {
        case 0..<8:
            events.append(Event(id: fixture.record("\(events.count)", on: channel), channel: channel))
        case 8: fixture.publish("live", on: channel)
        case 9: if trims { fixture.broker.trim(channel, to: .random(in: 0...3, using: &random)) }
        case 10: forget(fixture.broker)
        case 11..<15: try join(fixture)
        case 15, 16: leave()
        case 17: if random.oneIn(2) { fixture.broker.lose() }
        case 18: fixture.broker.restore()
        case 19: fixture.broker.confirm(1)
        case 20: fixture.broker.confirm()
        case 21: fixture.broker.answerMark()
        case 22: fixture.broker.answerReading()
        case 23: fixture.broker.evaluate()
        case 24: fixture.broker.settle()
        case 25: fixture.broker.tick()
        case 26:
            fixture.broker.isLagging = lags && random.oneIn(2)
            if !fixture.broker.isLagging { fixture.broker.arrive() }
        case 27: fixture.broker.arrive(.random(in: 1...4, using: &random))
        case 28:
            guard let stay = stays.randomElement(using: &random) else { return }
            stay.subscriber.takesBacklog.toggle()
            if stay.subscriber.takesBacklog { stay.fixture.hub.resumeBacklog(of: stay.subscriber) }
        default: fixture.pass(.seconds(.random(in: 1...40, using: &random)))
        }
        for stay in stays { check(stay) }
        endLost()
    }

    /// Who fell behind too far goes, and may come back.
    private mutating func endLost() {
        for index in stays.indices.reversed() where stays[index].fixture.hub.isLost(stays[index].subscriber) {
            leave(at: index)
        }
    }

    /// Redis loses all of its data, or some.
    private mutating func forget(_ broker: MemoryBroker) {
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: if flushes { broker.flush() }
        case 2..<5: if restarts { broker.save() }
        case 5:
            guard restarts else { return }
            broker.restart()
            for index in events.indices where events[index].id > broker.clock { events[index].lostIn = broker.born.era }
        default: break
        }
    }

    private mutating func join(_ fixture: HubFixture) throws {
        guard stays.count < 5 else { return }
        let memory = random.oneIn(4) ? nil : left.randomElement(using: &random)
        let wanted = memory?.channels ?? random.some(of: channels).shuffled(using: &random)
        guard !wanted.isEmpty else { return }
        let stay = Stay(fixture, wanted, from: memory?.position)
        if random.oneIn(3) {
            stay.subscriber.onDelivery = { stay.subscriber.takesBacklog = stay.subscriber.deliveries.count % 3 != 0 }
        }
        if random.oneIn(2) { stay.subscriber.lagsIn = fixture.hub }
        stays.append(stay)
        try fixture.hub.join(stay.subscriber, channels: wanted, from: memory?.position)
    }

    private mutating func leave() {
        guard !stays.isEmpty else { return }
        leave(at: Int.random(in: 0..<stays.count, using: &random))
    }

    private mutating func leave(at index: Int) {
        let stay = stays.remove(at: index)
        if let position = stay.position { left.append((position, stay.channels)) }
        stay.fixture.hub.leave(stay.subscriber)
        stay.subscriber.onDelivery = nil
    }

    private mutating func check(_ stay: Stay) {
        let client = stay.subscriber
        guard let start = stay.from ?? client.start, let position = stay.position else { return }
        let got = client.deliveries.compactMap { $0.stamp?.id }
        if !zip(got, got.dropFirst()).allSatisfy({ $0 < $1 }) { complaints.append("out of order or twice: \(got)") }
        if let first = got.first, first <= start.id { complaints.append("\(first) again, from \(start)") }
        let had = Set(got)
        for event in events
        where event.id > start.id && event.id <= position.id && stay.channels.contains(event.channel) {
            // Nobody has noticed the loss, or the word of it is under way.
            if event.lostIn == position.era { continue }
            let isTold = client.gaps.contains {
                $0.channel == event.channel && $0.from < event.id && event.id <= $0.to
            }
            if !had.contains(event.id), !isTold {
                complaints.append("\(event) lost at \(position), from \(start); \(client.words)")
            }
        }
        guard !flushes, !restarts else { return }
        for gap in client.gaps {
            let recorded = stay.fixture.broker.recorded(on: gap.channel)
            let isReal = events.contains {
                $0.channel == gap.channel && gap.from < $0.id && $0.id <= gap.to && !recorded.contains($0.id)
                    && !had.contains($0.id)
            }
            // A log that was trimmed beyond the place where the link takes over can't say what it held before.
            let isCut = gap.to < stay.fixture.broker.clock
            if !trims || !(isReal || isCut) { complaints.append("a gap where nothing is missing: \(gap)") }
        }
    }

    /// Everything is mended: all go live, and nothing is missing.
    mutating func end() throws {
        for fixture in fixtures {
            fixture.broker.isLagging = false
            fixture.broker.arrive()
            fixture.broker.restore()
            fixture.broker.settle()
        }
        for fixture in fixtures {
            fixture.broker.tick()
            fixture.broker.settle()
        }
        endLost()
        for stay in stays {
            stay.subscriber.onDelivery = nil
            stay.subscriber.takesBacklog = true
            stay.fixture.hub.resumeBacklog(of: stay.subscriber)
            stay.fixture.broker.settle()
            if !stay.subscriber.membership.isLive { complaints.append("not live in the end: \(stay.subscriber.words)") }
            if stay.subscriber.resumes.count != 1 { complaints.append("joined \(stay.subscriber.resumes)") }
            check(stay)
            stay.fixture.hub.leave(stay.subscriber)
        }
    }
}
