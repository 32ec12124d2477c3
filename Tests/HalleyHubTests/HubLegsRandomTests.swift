import Foundation
import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import SeededRandom
import Testing
import ThreadGate

import struct HalleyCore.Channel

/// Thousands of random lives of connections whose channels come and go. The oracle keeps a list of all durable events, and
/// for each channel of a connection what a client knows who does as it is told: it had everything up to its position, once
/// and in order, or was told a gap that covers it.
@Suite(.occupiesThread) struct HubLegsRandomTests {
    @Test(arguments: 0..<(UInt64(ProcessInfo.processInfo.environment["LIVES"] ?? "40") ?? 40))
    func nothingIsLostDoubledOrOutOfOrder(block: UInt64) throws {
        var absorbed = 0
        for seed in block * 50..<(block + 1) * 50 {
            var life = LegsLife(seed: seed)
            for _ in 0..<150 { try life.step() }
            try life.end()
            try #require(life.complaints.isEmpty, "seed \(seed): \(life.complaints.prefix(3))")
            absorbed += life.absorbed
        }
        #expect(absorbed > 100, "or nothing was tried")
    }
}

private struct LegsLife {
    private struct Event {
        let channel: Channel
        /// `nil` for a live one.
        let id: EventID?
        /// Whether the link carried it.
        let isCarried: Bool
    }

    /// What came of one channel since it was asked for.
    private struct Stay {
        /// Where the client said that it stands.
        let from: Position?
        /// How often its subscriber had been taken in before: a connection that has left all its channels joins anew.
        let resumes: Int
        var got: [Int] = []
        var gaps: [Gap] = []
        /// Whether it was taken in, and where it stood then; `nil` where nobody could say.
        var isIn = false
        var start: Position?
        /// Whether live events may have been missed: before it was taken in, and where the link was lost since.
        var liveSince: Int?
    }

    /// A connection, as a client with legs knows it.
    private final class Client {
        let main = TestSubscriber()
        var legs: [TestSubscriber] = []
        var stays: [Channel: Stay] = [:]
        /// Every leg that ever was: an identity must not be another's later.
        var everyLeg: [TestSubscriber] = []
        /// How much of each subscriber's words has been noted.
        var noted: [ObjectIdentifier: (deliveries: Int, gaps: Int)] = [:]

        var all: [TestSubscriber] { [main] + legs }
    }

    private(set) var complaints: [String] = []
    private(set) var absorbed = 0
    private var random: SeededGenerator
    private let fixture: HubFixture
    private let channels = (0..<4).map { named("c\($0)") }
    private var events: [Event] = []
    private var clients: [Client] = []
    private var positions: [Position] = []
    private let trims: Bool
    private let lags: Bool
    private let mayFallBehind: Bool

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        trims = seed % 2 == 0
        lags = seed % 3 == 0
        mayFallBehind = seed % 4 < 2
        fixture = HubFixture(ringEvents: seed % 5 == 0 ? 3 : 1_000)
        fixture.broker.pageEntries = seed % 7 == 0 ? 1 : 2 + Int(seed % 3) * 50
        clients = (0..<3).map { _ in newClient() }
    }

    private func newClient() -> Client {
        let client = Client()
        if mayFallBehind { client.main.lagsIn = fixture.hub }
        return client
    }

    /// The connection of a client that fell behind too far ends, with all its legs.
    private mutating func endLost() {
        for index in clients.indices where clients[index].all.contains(where: { fixture.hub.isLost($0) }) {
            note(clients[index])
            for subscriber in clients[index].all { fixture.hub.leave(subscriber) }
            clients[index] = newClient()
        }
    }

    mutating func step() throws {
        let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
        let client = clients[Int.random(in: 0..<clients.count, using: &random)]
        switch Int.random(in: 0..<34, using: &random) {
        case 0..<7: record(on: channel)
        case 7..<10: publish(on: channel)
        case 10: if trims { fixture.broker.trim(channel, to: .random(in: 0...3, using: &random)) }
        case 11..<17: try subscribe(client)
        case 17..<20: unsubscribe(client, from: channel)
        case 20..<24: absorb(client)
        case 24: if random.oneIn(3) { lose() }
        case 25: fixture.broker.restore()
        case 26: fixture.broker.confirm(.random(in: 1...2, using: &random))
        case 27: fixture.broker.answerMark()
        case 28: fixture.broker.answerReading()
        case 29: fixture.broker.evaluate()
        case 30: fixture.broker.settle()
        case 31: fixture.broker.tick()
        case 32:
            fixture.broker.isLagging = lags && random.oneIn(2)
            fixture.broker.arrive(.random(in: 1...4, using: &random))
            if !fixture.broker.isLagging { fixture.broker.arrive() }
        default:
            guard let subscriber = client.all.randomElement(using: &random) else { return }
            subscriber.takesBacklog.toggle()
            if subscriber.takesBacklog { fixture.hub.resumeBacklog(of: subscriber) }
        }
        for client in clients { note(client) }
        endLost()
        if let position = fixture.hub.position, random.oneIn(5) { positions.append(position) }
    }

    private mutating func record(on channel: Channel) {
        let id = fixture.record("\(events.count)", on: channel)
        events.append(Event(channel: channel, id: id, isCarried: true))
    }

    private mutating func publish(on channel: Channel) {
        let isCarried = fixture.broker.publish(Array("\(events.count)".utf8), on: channel)
        events.append(Event(channel: channel, id: nil, isCarried: isCarried))
    }

    private mutating func lose() {
        fixture.broker.lose()
        for client in clients {
            for channel in client.stays.keys { client.stays[channel]?.liveSince = nil }
        }
    }

    // MARK: - What a connection does

    private mutating func subscribe(_ client: Client) throws {
        let wanted = random.some(of: channels).filter { client.stays[$0] == nil }.shuffled(using: &random)
        guard !wanted.isEmpty else { return }
        // Now without what its ring may have kept, for the model knows nothing of cursors.
        let position =
            random.oneIn(3) ? nil : positions.randomElement(using: &random).map { Position(id: $0.id, era: $0.era) }
        let isFirst = client.main.membership.seats.isEmpty && client.legs.isEmpty
        let resumes = isFirst ? client.main.resumes.count : 0
        for channel in wanted { client.stays[channel] = Stay(from: position, resumes: resumes) }
        if isFirst {
            try fixture.hub.join(client.main, channels: wanted, from: position)
        } else {
            let leg = TestSubscriber()
            if random.oneIn(3) { leg.onDelivery = { leg.takesBacklog = leg.deliveries.count % 3 != 0 } }
            if mayFallBehind { leg.lagsIn = fixture.hub }
            client.legs.append(leg)
            client.everyLeg.append(leg)
            try fixture.hub.join(leg, channels: wanted, from: position)
        }
    }

    private mutating func unsubscribe(_ client: Client, from channel: Channel) {
        note(client)
        for subscriber in client.all { fixture.hub.leave(subscriber, channel) }
        client.legs.removeAll { $0.membership.seats.isEmpty }
        client.stays[channel] = nil
    }

    private mutating func absorb(_ client: Client) {
        note(client)
        let before = client.legs.count
        client.legs.removeAll { fixture.hub.absorb($0, into: client.main) != nil }
        absorbed += before - client.legs.count
    }

    // MARK: - What a client knows

    private mutating func note(_ client: Client) {
        for subscriber in client.all {
            let old = client.noted[ObjectIdentifier(subscriber)] ?? (0, 0)
            for delivery in subscriber.deliveries[old.deliveries...] { took(delivery, client) }
            for gap in subscriber.gaps[old.gaps...] { client.stays[gap.channel]?.gaps.append(gap) }
            client.noted[ObjectIdentifier(subscriber)] = (subscriber.deliveries.count, subscriber.gaps.count)
            for seat in subscriber.membership.seats {
                let channel = seat.topic.channel
                guard let stay = client.stays[channel], stay.isIn || subscriber.resumes.count > stay.resumes
                else { continue }
                if !stay.isIn {
                    client.stays[channel]?.isIn = true
                    client.stays[channel]?.start = subscriber.start
                }
                if subscriber.membership.isLive, client.stays[channel]?.liveSince == nil {
                    client.stays[channel]?.liveSince = events.count
                }
            }
            guard subscriber.membership.isLive else { continue }
            for seat in subscriber.membership.seats { check(seat.topic.channel, client, at: fixture.hub.position) }
        }
    }

    private mutating func took(_ delivery: Delivery, _ client: Client) {
        guard let number = Int(String(decoding: delivery.payload, as: UTF8.self)) else { return }
        guard let stay = client.stays[delivery.channel] else {
            return complaints.append("\(number) of a channel that was left")
        }
        if let last = stay.got.last, last >= number {
            complaints.append("\(number) behind \(last) on \(delivery.channel)")
        }
        client.stays[delivery.channel]?.got.append(number)
    }

    /// A live one has had everything up to where the link is.
    private mutating func check(_ channel: Channel, _ client: Client, at position: Position?) {
        guard let stay = client.stays[channel], let position else { return }
        let got = Set(stay.got)
        if let start = stay.from ?? stay.start, start.era == position.era {
            for (number, event) in events.enumerated() {
                guard event.channel == channel, let id = event.id, id > start.id, id <= position.id else { continue }
                let isTold = stay.gaps.contains { $0.from < id && id <= $0.to }
                if !got.contains(number), !isTold { complaints.append("\(number), \(id), lost on \(channel)") }
            }
        }
        guard let since = stay.liveSince, !fixture.broker.isLagging else { return }
        for number in since..<max(since, events.count) {
            let event = events[number]
            if event.channel == channel, event.isCarried, event.id == nil, !got.contains(number) {
                complaints.append("live \(number) lost on \(channel)")
            }
        }
    }

    /// Everything is mended: all are live, and each connection is one subscriber again.
    mutating func end() throws {
        fixture.broker.isLagging = false
        fixture.broker.arrive()
        fixture.broker.restore()
        fixture.broker.settle()
        fixture.broker.tick()
        fixture.broker.settle()
        endLost()
        for client in clients {
            for subscriber in client.all {
                subscriber.onDelivery = nil
                subscriber.takesBacklog = true
                fixture.hub.resumeBacklog(of: subscriber)
                fixture.broker.settle()
            }
            absorb(client)
            if !client.legs.isEmpty { complaints.append("a leg that never joined: \(client.legs.map(\.words))") }
            let has = Set(client.main.membership.seats.map(\.topic.channel))
            if has != Set(client.stays.keys) { complaints.append("has \(has), wants \(client.stays.keys)") }
            for subscriber in client.all where subscriber.resumes.count > 1 && subscriber !== client.main {
                complaints.append("joined \(subscriber.resumes)")
            }
        }
        for channel in channels { record(on: channel) }
        for client in clients {
            note(client)
            fixture.hub.leave(client.main)
        }
        fixture.pass(HubFixture.linger)
        if !fixture.broker.wanted.isEmpty { complaints.append("still wanted: \(fixture.broker.wanted)") }
    }
}
