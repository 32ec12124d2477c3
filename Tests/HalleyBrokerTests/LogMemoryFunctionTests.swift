import HalleyBroker
import HalleyCore
import RedisFixture
import Testing

/// The functions remember channels' logs in Redis' process. What they say must be right all the same.
@Suite(.timeLimit(.minutes(1))) struct LogMemoryFunctionTests {
    private func isComplete(_ id: EventID, _ page: LogPage) -> Bool {
        ResumeRule().judge(Position(id: id, era: page.state.era), in: page.state) == .complete
    }

    @Test func ofADeletedLogExactlyThoseAreToldWhoMissedSomething() async throws {
        let bench = try await FunctionBench()
        let (a, b) = (try await bench.publish(), try await bench.publish())
        try await bench.publish(on: "halley:other")
        try await bench.call("DEL", "halley/log/news")
        let empty = try await bench.read()
        #expect(empty.entries.isEmpty && empty.state.lastGenerated == b && empty.state.clock > b)
        #expect(isComplete(b, empty) && isComplete(empty.state.clock, empty) && !isComplete(a, empty))
        try await bench.publish()
        let page = try await bench.read()
        #expect(page.entries.map(\.stamp.link) == [.prev(b)])
        #expect(try await bench.call("PTTL", "halley/log/news").integer ?? 0 > 3_500_000, "the new log expires too")
    }

    @Test func ofATrimmedLogToo() async throws {
        let bench = try await FunctionBench()
        let (a, b) = (try await bench.publish(), try await bench.publish())
        try await bench.call("XTRIM", "halley/log/news", "MAXLEN", "0")
        let empty = try await bench.read()
        #expect(empty.state.lastGenerated == b && isComplete(b, empty) && !isComplete(a, empty))
        try await bench.publish()
        #expect(try await bench.read(after: a).entries.map(\.stamp.link) == [.prev(b)])
    }

    @Test func aLogDeletedAfterARestartMayHaveHadAnything() async throws {
        var bench = try await FunctionBench()
        let a = try await bench.publish()
        let clock = try await bench.next().id
        try await bench.call("SAVE")
        try await bench.crash()
        try await bench.call("DEL", "halley/log/news")
        let empty = try await bench.read()
        #expect(empty.state.lastGenerated == clock)
        #expect(isComplete(clock, empty) && !isComplete(a, empty))
        try await bench.publish()
        #expect(try await bench.read().entries.map(\.stamp.link) == [.floor(clock)])
    }

    @Test func aLogReadAfterARestartIsRemembered() async throws {
        var bench = try await FunctionBench()
        let a = try await bench.publish()
        try await bench.next()
        try await bench.call("SAVE")
        try await bench.crash()
        _ = try await bench.read()
        try await bench.call("DEL", "halley/log/news")
        #expect(try await bench.read().state.lastGenerated == a)
    }

    @Test func aLogIsNotRememberedBeyondItsExpiry() async throws {
        let bench = try await FunctionBench()
        _ = try await bench.retain(2_000)
        let a = try await bench.publish()
        #expect(try await bench.publish() > a)
        try await eventually { try await bench.call("EXISTS", "halley/log/news").integer == 0 }
        let empty = try await bench.read()
        #expect(empty.state.lastGenerated == nil)
        let b = try await bench.publish()
        let page = try await bench.read()
        #expect(page.entries.map(\.stamp.link) == [.floor(EventID(milliseconds: b.milliseconds - 2_000, counter: 0))])
    }

    @Test func aLogThatSomebodyWroteToKnowsBest() async throws {
        let bench = try await FunctionBench()
        let a = try await bench.publish()
        let ahead = EventID(milliseconds: a.milliseconds + 1_000_000, counter: 7)
        try await bench.call("XADD", "halley/log/news", "\(ahead)", "by", "hand")
        let b = try await bench.publish()
        #expect(b > ahead)
        #expect(try await bench.read(after: a).entries.map(\.stamp.link) == [.prev(ahead)])
        #expect(try await bench.publish(on: "halley:other") > b)
    }

    @Test func aFlushIsNoticedByThePublishAfterIt() async throws {
        let bench = try await FunctionBench()
        _ = try await bench.next(seen: EventID(milliseconds: 9_000_000_000_000, counter: 5))
        let a = try await bench.publish()
        let era = try await bench.read().state.era
        try await bench.call("FLUSHALL")
        let b = try await bench.publish()
        #expect(b > a, "ids go on above the old, though time is far behind them")
        let page = try await bench.read()
        #expect(page.state.era != era && page.state.born > a)
        #expect(page.entries.map(\.stamp.link) == [.floor(page.state.born)])
    }

    @Test func clustersAreRememberedApart() async throws {
        let bench = try await FunctionBench()
        let a = try await bench.publish()
        let x = try await bench.publish(on: "blue:news")
        let b = try await bench.publish()
        try await bench.publish(on: "blue:news")
        #expect(a < b)
        #expect(try await bench.read(after: a).entries.map(\.stamp.link) == [.prev(a)])
        let blue = try await bench.read("blue/log/news", after: x)
        #expect(blue.entries.map(\.stamp.link) == [.prev(x)])
        #expect(try await bench.read().state.era != blue.state.era)
    }

    @Test func anUpgradeLosesNothing() async throws {
        let bench = try await FunctionBench()
        let a = try await bench.publish()
        let era = try await bench.read().state.era
        try await bench.reload()
        let b = try await bench.publish()
        let page = try await bench.read(after: a)
        #expect(page.entries.map(\.stamp.link) == [.prev(a)] && page.state.era == era)
        #expect(try await bench.next(seen: b).era == era)
        #expect(try await bench.next(seen: a).era == era)
    }
}
