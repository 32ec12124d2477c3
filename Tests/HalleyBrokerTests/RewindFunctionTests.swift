import HalleyBroker
import HalleyCore
import RedisFixture
import Testing

/// Redis comes back with older data than it had.
@Suite(.timeLimit(.minutes(1))) struct RewindFunctionTests {
    /// Saves at `kept`, goes on to `lost` and crashes.
    private func rewound() async throws -> (bench: FunctionBench, kept: Watermark, lost: Watermark) {
        var bench = try await FunctionBench()
        try await bench.publish("a")
        let kept = try await bench.next()
        try await bench.call("SAVE")
        try await bench.publish("lost")
        let lost = try await bench.next()
        try await bench.crash()
        return (bench, kept, lost)
    }

    @Test func whoSawWhatIsLostIsHeardThoughTheClockHasPassedIt() async throws {
        let (bench, kept, lost) = try await rewound()
        let listener = try await TickListener(bench.server)
        // Somebody publishes before any worker has said what it saw.
        let b = try await bench.publish("b")
        #expect(b > lost.id)
        let before = try await bench.read()
        #expect(before.state.era == kept.era)
        let jump = try #require(before.state.jumps.first)
        #expect(before.state.jumps.count == 1 && jump.from == kept.id && jump.to < b && jump.skips(lost.id))

        let after = try await bench.next(seen: lost.id)
        #expect(after.era != kept.era && after.id > b)
        let page = try await bench.read()
        #expect(before.state.kept == nil && page.state.kept == kept.id)
        #expect(page.state.jumps.isEmpty && page.state.born < after.id && page.state.born > b)
        let word = "\(page.state.born) \(after.era) rewound"
        try await eventually { try await listener.ticks() == [word] }
        #expect(try await bench.next(seen: lost.id).era == after.era, "the same word begins no other era")
    }

    @Test func whoSawTheEndsOfAJumpProvesNothing() async throws {
        let (bench, kept, _) = try await rewound()
        let b = try await bench.publish("b")
        #expect(try await bench.next(seen: kept.id).era == kept.era)
        #expect(try await bench.next(seen: b).era == kept.era)
    }

    @Test func beforeAnIDIsGivenTheLossIsHeardToo() async throws {
        let (bench, kept, lost) = try await rewound()
        let listener = try await TickListener(bench.server)
        #expect(try await bench.read().state.clock == kept.id)
        let reply = try await bench.call(
            "FCALL", "halley_mark", "1", bench.keys.clock, "halley/mark/w", "\(lost.id)")
        let mark = try #require(Watermark(mark: reply))
        #expect(mark.era != kept.era && mark.id > lost.id)
        try await eventually { try await listener.ticks() == ["\(mark.id) \(mark.era) rewound"] }
    }

    @Test func aPositionInsideAJumpIsAGapAndWhatCameAfterIsSent() async throws {
        let (bench, _, lost) = try await rewound()
        let b = try await bench.publish("b")
        let position = Position(id: lost.id, era: lost.era)
        let page = try await bench.read(after: position.id)
        let jump = try #require(page.state.jumps.first)
        #expect(ResumeRule().judge(position, in: page.state) == .gap(to: jump.to))
        #expect(page.entries.map(\.stamp.id) == [b])
        var walk = LogWalk(from: position, in: page.state)
        let gap = walk.step(to: b, page.entries[0].stamp.link)
        let rest = walk.end()
        #expect(gap?.from == lost.id && gap?.to == jump.to && rest == nil)
    }

    @Test func aFlushUnderARunningServerNeedsNoWord() async throws {
        let bench = try await FunctionBench()
        let before = try await bench.next()
        let listener = try await TickListener(bench.server)
        try await bench.call("FLUSHALL")
        let after = try await bench.next(seen: before.id)
        #expect(after.era != before.era && after.id > before.id)
        #expect(try await bench.read().state.kept == nil)
        let tick = try await bench.call("FCALL", "halley_tick", "1", bench.keys.clock).array
        let id = try #require(tick?.first?.string)
        try await eventually { try await listener.ticks() == ["\(id) \(after.era)"] }
    }

    @Test func olderDataUnderARunningServerIsNoticedAtOnce() async throws {
        let bench = try await FunctionBench()
        let old = try await bench.next()
        let born = try #require(try await bench.call("GET", bench.keys.born).string)
        let newer = try await bench.publish()
        try await bench.call("SET", bench.keys.clock, "\(old.id)")
        let id = try await bench.publish()
        #expect(id > newer)
        #expect(try await bench.call("GET", bench.keys.born).string != born)
    }

    @Test func anEmptyRedisNeedsNoWord() async throws {
        var bench = try await FunctionBench()
        let lost = try await bench.next()
        try await bench.crash()
        let listener = try await TickListener(bench.server)
        let after = try await bench.next(seen: lost.id)
        #expect(after.era != lost.era && after.id > lost.id)
        let tick = try await bench.call("FCALL", "halley_tick", "1", bench.keys.clock).array
        let id = try #require(tick?.first?.string)
        try await eventually { try await listener.ticks() == ["\(id) \(after.era)"] }
    }

    @Test func theNewest16JumpsAreKept() async throws {
        let bench = try await FunctionBench()
        var ids: [EventID] = []
        for _ in 0..<20 {
            try await bench.reload()
            ids.append(try await bench.next().id)
        }
        let jumps = try await bench.read().state.jumps
        #expect(jumps.count == 16)
        #expect(jumps.map(\.from) == Array(ids[3..<19]))
        #expect(zip(jumps, ids[4...]).allSatisfy { $0.to < $1 })
    }
}
