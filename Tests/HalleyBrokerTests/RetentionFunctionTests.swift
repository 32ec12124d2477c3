import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

/// `halley_retain`: T may be changed while there are logs.
@Suite(.timeLimit(.minutes(1))) struct RetentionFunctionTests {
    @Test func aLongerTCountsOnlyAsFarAsItHasHeld() async throws {
        let bench = try await FunctionBench()
        _ = try await bench.retain(50)
        let start = try await bench.next()
        let a = try await bench.publish("a")
        try await eventually { try await bench.call("EXISTS", "halley/log/news").integer == 0 }
        let vouched = try #require(try await bench.retain(3_600_000))
        #expect((50..<30_000).contains(vouched))
        // Whoever stood before the event that expired under the old T is told.
        let empty = try await bench.read()
        let position = Position(id: start.id, era: start.era)
        #expect(empty.state.retention < 30_000)
        #expect(ResumeRule().judge(position, in: empty.state) != .complete)
        try await bench.publish("b")
        let page = try await bench.read()
        let link = try #require(page.entries.first?.stamp.link)
        #expect(link.id >= a, "a floor")
        #expect(ResumeRule().judge(position, in: page.state) != .complete)
        // The log itself stays for the new T.
        #expect(try await bench.call("PTTL", "halley/log/news").integer ?? 0 > 3_500_000)
        try await eventually { Int64(try await bench.read().state.retention) > vouched + 50 }
    }

    @Test func theSameAgainChangesNothing() async throws {
        let bench = try await FunctionBench()
        _ = try await bench.retain(7_200_000)
        let written = try await bench.call("GET", bench.keys.retention).string
        let clock = try await bench.call("GET", bench.keys.clock)
        #expect(written?.hasPrefix("7200000 ") == true && written?.hasSuffix(" 3600000") == true)
        #expect(try await bench.retain(7_200_000) == 3_600_000)
        #expect(try await bench.call("GET", bench.keys.retention).string == written)
        #expect(try await bench.call("GET", bench.keys.clock) == clock)
    }

    @Test func aShorterTCountsAtOnce() async throws {
        let bench = try await FunctionBench()
        #expect(try await bench.retain(60_000) == 60_000)
        #expect(try await bench.read().state.retention == 60_000)
        // And up again: what held was a minute, whatever it was before.
        #expect(try await bench.retain(3_600_000) == 60_000)
    }

    @Test func aChangeHoldsForWhatIsRemembered() async throws {
        let bench = try await FunctionBench()
        try await bench.publish()
        _ = try await bench.retain(7_200_000)
        try await bench.publish()
        #expect(try await bench.call("PTTL", "halley/log/news").integer ?? 0 > 7_100_000)
    }

    @Test func aPlainNumberOfAnOlderVersionIsRead() async throws {
        let bench = try await FunctionBench()
        try await bench.call("SET", bench.keys.retention, "7000")
        #expect(try await bench.read().state.retention == 7_000)
        #expect(try await bench.retain(9_000) == 7_000)
    }

    @Test(arguments: [
        ["1", "halley/clock"], ["1", "halley/clock", "0"], ["1", "halley/clock", "-5"],
        ["1", "halley/clock", "1e3"], ["1", "halley/retention", "5"], ["1", "halley/clock", "5", "6"], ["0", "5"],
    ])
    func nonsenseIsRefused(arguments: [String]) async throws {
        let bench = try await FunctionBench()
        let error = await #expect(throws: RedisErrorReply.self) {
            try await bench.redis.send(RedisCommand(arguments: ["FCALL", "halley_retain"] + arguments))
        }
        #expect(error?.description.hasPrefix("ERR halley: ") == true)
        #expect(try await bench.call("EXISTS", bench.keys.retention).integer == 0)
    }
}
