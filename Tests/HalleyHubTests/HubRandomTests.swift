import HalleyCore
import HalleyHub
import NIOCore
import SeededRandom
import Testing
import ThreadGate

import struct HalleyCore.Channel

/// Thousands of random lives of a hub, each against the simplest model of its promises: a list of all that was published,
/// whether anybody could hear it or not.
@Suite(.occupiesThread) struct HubRandomTests {
    @Test(arguments: 0..<300)
    func keepsItsPromises(seed: UInt64) throws {
        var life = Life(seed: seed)
        for _ in 0..<300 { try life.step() }
        try life.end()
    }
}

private struct Life {
    /// One client's stay, from its joining to its leaving.
    private final class Stay {
        let subscriber = TestSubscriber()
        let channels: [Channel]
        /// What it had seen when it came: everything published up to this number.
        let seen: Int?
        /// How much had been published when it joined; `nil` before.
        var joinedAt: Int?
        /// The link was lost, or a ring dropped its backlog: live events may be missed.
        var isInterrupted = false
        /// What was published while it was live.
        var due: Set<Int> = []

        init(channels: [Channel], seen: Int?) {
            self.channels = channels
            self.seen = seen
        }
    }

    /// What a client remembers after its stay.
    private struct Memory {
        let position: Position
        /// Everything published up to this number is no news to whoever stands there.
        let seen: Int
    }

    private var random: SeededGenerator
    private let fixture: HubFixture
    private let channels = (0..<5).map { named("c\($0)") }
    /// What was published, by number, and whether the broker's link carried it.
    private var published: [(channel: Channel, isCarried: Bool)] = []
    private var stays: [Stay] = []
    private var memories: [Memory] = []
    private var leftAt: [Channel: NIODeadline] = [:]

    private let hasSmallRings: Bool

    init(seed: UInt64) {
        hasSmallRings = seed % 2 != 0 || seed % 3 == 0
        random = SeededGenerator(seed: seed)
        fixture = HubFixture(ringEvents: seed % 2 == 0 ? 1_000 : 6, ringTotalBytes: seed % 3 == 0 ? 4_000 : 1 << 26)
    }

    mutating func step() throws {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: publish()
        case 8..<11: try join()
        case 11, 12: leave()
        case 13:
            fixture.broker.lose()
            for stay in stays { stay.isInterrupted = true }
        case 14:
            fixture.broker.restore()
            fixture.broker.settle()
        case 15: fixture.broker.settle()
        case 16: fixture.broker.tick()
        case 17: pass(.seconds(.random(in: 1...40, using: &random)))
        case 18: stays.randomElement(using: &random)?.subscriber.takesBacklog.toggle()
        default: resume()
        }
        note()
        endLost()
        checkSubscriptions()
    }

    /// Who fell behind too far goes, and has had nothing that lay beyond what it lacks.
    private mutating func endLost() {
        let lost = stays.filter { fixture.hub.isLost($0.subscriber) }
        stays.removeAll { stay in lost.contains { $0 === stay } }
        for stay in lost { end(stay) }
    }

    private mutating func publish() {
        let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
        // The number first: a fan-out asks for it.
        published.append((channel, false))
        let live = stays.filter { $0.channels.contains(channel) && $0.subscriber.membership.isLive }
        let isCarried = fixture.broker.publish(Array("\(published.count)".utf8), on: channel)
        published[published.count - 1].isCarried = isCarried
        if isCarried { for stay in live { stay.due.insert(published.count) } }
    }

    private mutating func join() throws {
        let wanted = random.some(of: channels).shuffled(using: &random)
        guard !wanted.isEmpty, stays.count < 8 else { return }
        let memory = random.oneIn(3) ? nil : memories.randomElement(using: &random)
        let stay = Stay(channels: wanted, seen: memory?.seen)
        if random.oneIn(3) {
            stay.subscriber.onDelivery = { stay.subscriber.takesBacklog = stay.subscriber.deliveries.count % 3 != 0 }
        }
        if random.oneIn(2) { stay.subscriber.lagsIn = fixture.hub }
        stays.append(stay)
        for channel in wanted { leftAt[channel] = nil }
        try fixture.hub.join(stay.subscriber, channels: wanted, from: memory?.position)
    }

    private mutating func leave() {
        guard !stays.isEmpty else { return }
        end(stays.remove(at: Int.random(in: 0..<stays.count, using: &random)))
    }

    private mutating func resume() {
        for stay in stays {
            stay.subscriber.takesBacklog = true
            // A picky one takes a few at a time.
            for _ in 0...published.count where !stay.subscriber.membership.isLive {
                stay.subscriber.takesBacklog = true
                fixture.hub.resumeBacklog(of: stay.subscriber)
                fixture.broker.answer()
            }
        }
    }

    private mutating func pass(_ time: TimeAmount) {
        fixture.pass(time)
        leftAt = leftAt.filter { $0.value + HubFixture.linger > fixture.clock.now }
    }

    /// What just happened to the clients: who was taken in, and what a live one may give as its position.
    private mutating func note() {
        for stay in stays where stay.joinedAt == nil && !stay.subscriber.resumes.isEmpty {
            stay.joinedAt = published.count
        }
        if let position = fixture.hub.position, random.oneIn(4) {
            memories.append(Memory(position: position, seen: published.count))
        }
    }

    /// A subscription exists exactly while somebody wants the channel, and for the linger after.
    private func checkSubscriptions() {
        let wanted = Set(stays.flatMap(\.channels)).union(leftAt.keys)
        #expect(fixture.broker.wanted == wanted)
    }

    private mutating func end(_ stay: Stay) {
        let isCaughtUp = stay.subscriber.membership.isLive
        fixture.hub.leave(stay.subscriber)
        stay.subscriber.onDelivery = nil
        defer { stay.subscriber.forgetDeliveries() }
        for channel in stay.channels where !stays.contains(where: { $0 !== stay && $0.channels.contains(channel) }) {
            leftAt[channel] = fixture.clock.now
        }
        let got = stay.subscriber.texts.compactMap(Int.init)
        for (delivery, number) in zip(stay.subscriber.deliveries, got) {
            if let position = delivery.position { memories.append(Memory(position: position, seen: number)) }
            #expect(stay.channels.contains(delivery.channel))
            #expect(published[number - 1].channel == delivery.channel)
        }
        #expect(zip(got, got.dropFirst()).allSatisfy { $0 < $1 }, "in order, and none twice")
        guard let joinedAt = stay.joinedAt else {
            #expect(got.isEmpty)
            return
        }
        #expect(stay.subscriber.resumes.count == 1)
        let resume = stay.subscriber.resumes[0]
        #expect((resume == .fresh) == (stay.seen == nil))
        if let seen = stay.seen { #expect(got.allSatisfy { $0 > seen }, "nothing that it had seen") }

        // Nothing that the link carried is missed while joined; a backlog is whole as far as it was taken.
        let last = isCaughtUp ? published.count : (got.last ?? 0)
        let due = (1...max(1, published.count)).filter { number in
            number <= published.count && number <= last && stay.channels.contains(published[number - 1].channel)
        }
        #expect(
            stay.due.filter { $0 <= last }.allSatisfy(got.contains),
            "what comes to a live one is delivered, also where it fell behind")
        guard !stay.isInterrupted, !hasSmallRings else { return }
        for number in due where number > joinedAt && published[number - 1].isCarried && isCaughtUp {
            #expect(got.contains(number), "\(number) came while it was joined")
        }
        // A complete resume is complete: not even what nobody could hear was published in between.
        if resume == .complete, let seen = stay.seen {
            for number in due where number > seen && number <= joinedAt {
                #expect(got.contains(number), "\(number) was missed by a resume that says it is complete")
            }
        }
    }

    mutating func end() throws {
        fixture.broker.restore()
        fixture.broker.settle()
        endLost()
        resume()
        note()
        for stay in stays { #expect(stay.subscriber.membership.isLive) }
        while !stays.isEmpty { end(stays.removeLast()) }
        memories = []
        pass(HubFixture.linger)
        #expect(fixture.broker.wanted.isEmpty)
        #expect(fixture.hub.bytesInUse == 0)
    }
}
