import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

/// `halley_publish`, `halley_read` and `halley_mark` on a real Redis.
@Suite(.timeLimit(.minutes(1))) struct LogFunctionTests {
    private struct Bench {
        let server: RedisServer
        let redis: RedisConnection

        init() async throws {
            server = try await RedisServer()
            redis = try await server.connect()
            try await LibraryLoader(.standard, logger: .quiet).load(on: redis)
        }

        func call(_ arguments: String...) async throws -> RESPValue {
            try await redis.send(RedisCommand(arguments: arguments))
        }

        @discardableResult
        func publish(_ payload: String, _ options: String...) async throws -> EventID {
            let reply = try await redis.send(
                RedisCommand(arguments: ["FCALL", "halley_publish", "1", "halley:news", payload] + options))
            return try #require(reply.string.flatMap { EventID($0) })
        }

        func read(after id: EventID = .zero, entries: Int = 100, bytes: Int = 1 << 20) async throws -> LogPage {
            let reply = try await call(
                "FCALL", "halley_read", "1", "halley/log/news", "\(id)", "\(entries)", "\(bytes)")
            return try #require(LogPage(reply))
        }
    }

    private func texts(_ page: LogPage) -> [String] { page.entries.map { String(decoding: $0.payload, as: UTF8.self) } }

    @Test func idsRiseAndEachLinksToTheOneBefore() async throws {
        let bench = try await Bench()
        let ids = [try await bench.publish("a"), try await bench.publish("b"), try await bench.publish("c")]
        let page = try await bench.read()
        #expect(page.entries.map(\.stamp.id) == ids)
        #expect(ids[0] < ids[1] && ids[1] < ids[2])
        #expect(texts(page) == ["a", "b", "c"])
        #expect(page.entries[0].stamp.link == .floor(page.state.born))
        #expect(page.entries[1].stamp.link == .prev(ids[0]))
        #expect(page.entries[2].stamp.link == .prev(ids[1]))
        #expect(page.state.lastGenerated == ids[2] && page.state.clock == ids[2])
        #expect(page.isLast)
    }

    @Test func pagesAreBoundedByEntriesAndByBytes() async throws {
        let bench = try await Bench()
        for number in 0..<40 { try await bench.publish("\(number % 10)") }
        let first = try await bench.read(entries: 17)
        #expect(first.entries.count == 17 && !first.isLast)
        let last = try #require(first.entries.last?.stamp.id)
        let rest = try await bench.read(after: last)
        #expect(rest.entries.count == 23 && rest.isLast)
        #expect(try await bench.read(bytes: 5).entries.count == 5)
        #expect(try await bench.read(bytes: 1).entries.count == 1, "one at least")
    }

    @Test func historyIsExact() async throws {
        let bench = try await Bench()
        for number in 0..<7 { try await bench.publish("\(number)", "history", "3") }
        #expect(texts(try await bench.read()) == ["4", "5", "6"])
    }

    @Test func aTTLLengthensTheLogsLifeAndNothingShortensIt() async throws {
        let bench = try await Bench()
        let id = try await bench.publish("a", "ttl", "86400000")
        let expiry = try #require(try await bench.call("PEXPIRETIME", "halley/log/news").integer)
        let least = Int64(id.milliseconds) + 86_400_000
        #expect((least...least + 3_600_000 / 64).contains(expiry), "and a little slack")
        try await bench.publish("b", "ttl", "5")
        #expect(try await bench.call("PEXPIRETIME", "halley/log/news").integer == expiry)
        #expect(try await bench.call("PEXPIRETIME", "halley/last/news").integer == expiry)
    }

    @Test func afterItsLogHasExpiredAnEventKnowsOnlyTheFloor() async throws {
        let bench = try await Bench()
        try await bench.redis.send("SET", "halley/retention", "2000")
        try await bench.publish("a")
        try await eventually { try await bench.call("EXISTS", "halley/log/news").integer == 0 }
        let empty = try await bench.read()
        #expect(empty.state.lastGenerated == nil && empty.entries.isEmpty)
        let id = try await bench.publish("b")
        let floor = EventID(milliseconds: id.milliseconds - 2_000, counter: 0)
        let stamp = try #require(try await bench.read().entries.first?.stamp)
        #expect(stamp.link == .floor(max(floor, empty.state.born)))
    }

    @Test func aKeyPublishesOnce() async throws {
        let bench = try await Bench()
        let first = try await bench.publish("a", "key", "k", "keyttl", "60000")
        #expect(try await bench.publish("b", "key", "k") == first)
        #expect(try await bench.publish("c", "key", "other") > first)
        #expect(texts(try await bench.read()) == ["a", "c"])
        let life = try #require(try await bench.call("PTTL", "halley/key/4/news/k").integer)
        #expect(life > 0 && life <= 60_000)
    }

    @Test func aFlushBeginsAnEra() async throws {
        let bench = try await Bench()
        try await bench.publish("a")
        let before = try await bench.read().state
        try await bench.redis.send("FLUSHALL")
        let after = try await bench.read().state
        #expect(after.era != before.era && after.born > before.clock)
    }

    @Test func marksTellTheClockAndMoveNothing() async throws {
        let bench = try await Bench()
        let id = try await bench.publish("a")
        let reply = try await bench.call("FCALL", "halley_mark", "1", "halley/clock", "halley/mark/w")
        #expect(reply.array?.first?.string == "\(id)")
        #expect(try await bench.read().state.clock == id)
    }

    @Test func aNewerIDThanTheClockBeginsAnEra() async throws {
        let bench = try await Bench()
        let id = try await bench.publish("a")
        let era = try await bench.read().state.era
        let ahead = EventID(milliseconds: id.milliseconds + 3_600_000, counter: 0)
        _ = try await bench.call("FCALL", "halley_mark", "1", "halley/clock", "halley/mark/w", "\(ahead)")
        let state = try await bench.read().state
        #expect(state.era != era && state.born > ahead)
        #expect(try await bench.publish("b") > state.born)
    }

    @Test(arguments: [
        ["halley_publish", "1", "halley:", "a"], ["halley_publish", "1", "halley:open", "a"],
        ["halley_publish", "1", "halley:a b", "a"], ["halley_publish", "1", "halley", "a"],
        ["halley_publish", "0"], ["halley_publish", "1", "halley:news"],
        ["halley_publish", "1", "halley:news", "a", "history", "0"],
        ["halley_publish", "1", "halley:news", "a", "history"],
        ["halley_publish", "1", "halley:news", "a", "ttl", "-1"],
        ["halley_publish", "1", "halley:news", "a", "key", ""],
        ["halley_publish", "1", "halley:news", "a", "wish", "1"],
        ["halley_publish", "1", "halley:" + String(repeating: "c", count: 256), "a"],
        ["halley_publish", "1", "halley:news", String(repeating: "x", count: 1_048_577)],
        ["halley_read", "1", "halley/log/news", "x", "1", "1"], ["halley_read", "1", "halley/log/news"],
        ["halley_mark", "1", "halley/clock", "halley/other"], ["halley_mark", "1", "halley/clock"],
    ])
    func nonsenseIsRefusedAndWritesNothing(arguments: [String]) async throws {
        let bench = try await Bench()
        let error = await #expect(throws: RedisErrorReply.self) {
            try await bench.redis.send(RedisCommand(arguments: ["FCALL"] + arguments))
        }
        #expect(error?.description.hasPrefix("ERR halley: ") == true)
        #expect(try await bench.call("EXISTS", "halley/log/news").integer == 0)
    }
}
