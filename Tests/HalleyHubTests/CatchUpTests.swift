import HalleyBroker
import HalleyCore
import HalleyHub
import Testing
import ThreadGate

import struct HalleyCore.Channel

/// Every way in which a subscriber of two channels can catch up in a small world: every distribution of four events over
/// the channels, every position and limit, both orders in which pages come, and a log trimmed at any moment in between.
@Suite(.occupiesThread) struct CatchUpTests {
    @Test(arguments: [1, 2, 5])
    func whateverComesWhenNothingIsMissedInSilence(pageSize: Int) throws {
        var ways = 0
        for distribution in 0..<16 {
            for position in 0...4 {
                for limit in position...4 {
                    let world = World(
                        distribution: distribution, position: UInt64(position), limit: UInt64(limit), pageSize: pageSize
                    )
                    ways += try explore(world)
                }
            }
        }
        #expect(ways > 1_000)
    }

    /// Follows a way until it asks or waits, and then every branch from there.
    private func explore(_ start: World) throws -> Int {
        var world = start
        while let step = world.step() {
            try #require(world.complaint == nil, "\(world.complaint ?? "") in \(world)")
            guard case .wait = step else { continue }
            var ways = 0
            for index in world.asked.indices {
                for trimmed in [nil] + (world.canTrim ? world.channels.map { Optional($0) } : []) {
                    var branch = world
                    if let trimmed { branch.trim(trimmed) }
                    branch.answer(index)
                    ways += try explore(branch)
                }
            }
            return ways
        }
        try #require(world.complaint == nil, "\(world.complaint ?? "") in \(world)")
        return 1
    }
}

private struct World: CustomStringConvertible {
    private struct Event {
        let id: EventID
        let channel: Channel
        let link: Link
    }

    let channels = [news, sport]
    private(set) var asked: [(source: Int, after: EventID)] = []
    private(set) var complaint: String?
    private var way: CatchUp
    private let start: EventID
    private let limit: EventID
    private let pageSize: Int
    private let events: [Event]
    private var trimmed: Set<EventID> = []
    private var trims = 0
    private var delivered: [EventID] = []
    private var gaps: [Gap] = []
    private let era: Era

    init(distribution: Int, position: UInt64, limit: UInt64, pageSize: Int) {
        guard let era = Era("era100") else { preconditionFailure("six letters and digits") }
        self.era = era
        self.pageSize = pageSize
        start = Self.id(position)
        self.limit = Self.id(limit)
        var last: [Channel: EventID] = [:]
        events = (0..<4).map { bit in
            let channel = distribution >> bit & 1 == 0 ? news : sport
            let id = Self.id(UInt64(bit + 1))
            defer { last[channel] = id }
            return Event(id: id, channel: channel, link: last[channel].map { .prev($0) } ?? .floor(.zero))
        }
        way = CatchUp(
            from: Position(id: start, era: era), rings: channels.map { ($0, nil) },
            to: Watermark(id: Self.id(limit), era: era))
    }

    private static func id(_ number: UInt64) -> EventID { EventID(milliseconds: number, counter: 0) }

    var description: String {
        "events \(events.map { "\($0.channel) \($0.id)" }), from \(start) to \(limit), pages of \(pageSize), "
            + "trimmed \(trimmed.sorted()), delivered \(delivered), gaps \(gaps)"
    }

    /// One trim a way: each further one only adds ways.
    var canTrim: Bool { trims < 1 }

    /// - Returns: `nil` at the end.
    mutating func step() -> CatchUp.Step? {
        let step = way.next()
        switch step {
        case .read(let source, let after): asked.append((source, after))
        case .wait: if asked.isEmpty { complaint = "waits for nothing" }
        case .event(let delivery): if let id = delivery.stamp?.id { deliver(id) }
        case .gap(let gap): tell(gap)
        case .finished:
            check(upTo: limit)
            return nil
        }
        check(upTo: way.position.id)
        return complaint == nil ? step : nil
    }

    private mutating func deliver(_ id: EventID) {
        if id <= delivered.last ?? start { complaint = "\(id) out of order or twice" }
        if id > limit { complaint = "\(id) is the link's" }
        delivered.append(id)
    }

    private mutating func tell(_ gap: Gap) {
        let isFounded = events.contains {
            $0.channel == gap.channel && gap.from < $0.id && $0.id <= gap.to && !delivered.contains($0.id)
        }
        // What a trim took beyond the limit as well can't be told from what it took before.
        if !isFounded, gap.to < limit { complaint = "a gap without a reason: \(gap)" }
        if trims == 0 { complaint = "a gap though everything is there: \(gap)" }
        gaps.append(gap)
    }

    /// Whoever leaves now with the position has had everything up to it, or was told.
    private mutating func check(upTo position: EventID) {
        for event in events where event.id > start && event.id <= min(position, limit) {
            let isTold = gaps.contains { $0.channel == event.channel && $0.from < event.id && event.id <= $0.to }
            if !delivered.contains(event.id), !isTold { complaint = "\(event.id) lost in silence at \(position)" }
        }
    }

    /// The log loses all but its newest entry.
    mutating func trim(_ channel: Channel) {
        trims += 1
        let kept = events.filter { $0.channel == channel }.map(\.id)
        for id in kept.dropLast() { trimmed.insert(id) }
    }

    /// The page that was asked for comes, as the log is now.
    mutating func answer(_ index: Int) {
        let (source, after) = asked.remove(at: index)
        let log = events.filter { $0.channel == channels[source] }
        let later = log.filter { $0.id > after && !trimmed.contains($0.id) }
        let page = later.prefix(pageSize)
        let budget = RingBudget(limit: 1 << 20)
        let deliveries = page.map { event in
            Delivery(
                channel: event.channel, payload: [], stamp: Stamp(id: event.id, era: era, link: event.link),
                position: Position(id: event.id, era: era), count: 0, budget: budget)
        }
        let state = LogState(
            now: 10, clock: Self.id(4), born: .zero, era: era, retention: 3_600_000, lastGenerated: log.last?.id,
            first: page.first?.link)
        let segment = LogSegment(
            state: state, after: after, lastEntry: page.last?.id, isLast: page.count == later.count,
            deliveries: deliveries)
        if !way.took(segment, isFresh: true, for: source) { complaint = "the era is the same" }
    }
}
