import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct FunctionLibraryTests {
    /// A server with the library, and a connection to it.
    private struct Bench {
        let server: RedisServer
        let redis: RedisConnection
        let keys = RedisKeys(.standard)

        init() async throws {
            server = try await RedisServer()
            redis = try await server.connect()
            try await LibraryLoader(.standard, logger: .quiet).load(on: redis)
        }

        struct Tick: Hashable {
            let id: EventID
            let era: String
            let now: Int64
            let wasPublished: Bool
        }

        func tick(_ newest: EventID? = nil, by redis: RedisConnection? = nil) async throws -> Tick {
            let arguments: [any RedisArgument] = newest.map { [$0.description] } ?? []
            let reply = try await (redis ?? self.redis).send(
                RedisCommand(arguments: ["FCALL", "halley_tick", 1, keys.clock] + arguments))
            let fields = try #require(reply.array)
            return Tick(
                id: try #require(fields[0].string.flatMap { EventID($0) }), era: try #require(fields[1].string),
                now: try #require(fields[2].integer), wasPublished: fields[3].integer == 1)
        }

        func next(_ newest: EventID? = nil) async throws -> (EventID, String) {
            let arguments: [any RedisArgument] = newest.map { [$0.description] } ?? []
            let reply = try await redis.send(
                RedisCommand(arguments: ["FCALL", "halley_next", 1, keys.clock] + arguments))
            let fields = try #require(reply.array)
            return (try #require(fields[0].string.flatMap { EventID($0) }), try #require(fields[1].string))
        }

        func clock() async throws -> EventID? { try await redis.send("GET", keys.clock).string.flatMap { EventID($0) } }

        /// Redis' time in milliseconds.
        func time() async throws -> Int64 {
            let fields = try await redis.send("TIME").array?.compactMap(\.integer) ?? []
            return fields[0] * 1_000 + fields[1] / 1_000
        }

        /// Makes the last tick look as old as that, in milliseconds.
        func age(_ tick: Tick, by milliseconds: Int64) async throws {
            try await redis.send("SET", keys.tick, "\(try await time() - milliseconds) \(tick.id)")
        }
    }

    @Test func knowsItsVersion() async throws {
        let bench = try await Bench()
        #expect(try await bench.redis.send("FCALL", "halley_version", 0) == .integer(FunctionLibrary.version))
    }

    @Test func firstTickBeginsAnEra() async throws {
        let bench = try await Bench()
        let before = try await bench.time()
        let tick = try await bench.tick()
        #expect(tick.wasPublished)
        #expect(tick.now >= before && tick.now <= before + 5_000)
        #expect(Int64(tick.id.milliseconds) >= before)
        #expect(Era(tick.era) != nil)
        #expect(try await bench.clock() == tick.id)
        let born = try #require(try await bench.redis.send("GET", bench.keys.born).string)
        #expect(born.hasSuffix(" \(tick.era)"))
        let birth = try #require(born.split(separator: " ").first.flatMap { EventID($0) })
        #expect(birth < tick.id)
        #expect(try await bench.redis.send("GET", bench.keys.tick).string == "\(tick.now) \(tick.id)")
    }

    @Test func ticksAreToldToSubscribers() async throws {
        let bench = try await Bench()
        let listener = try await TickListener(bench.server)
        let tick = try await bench.tick()
        try await eventually { try await listener.ticks() == ["\(tick.id) \(tick.era)"] }
    }

    @Test func ticksOnlyWhenTheLastIsOver900MillisecondsOld() async throws {
        let bench = try await Bench()
        let first = try await bench.tick()
        try await bench.age(first, by: 300)
        let second = try await bench.tick()
        #expect(!second.wasPublished)
        #expect(second.id == first.id)
        #expect(second.era == first.era)
        #expect(try await bench.clock() == first.id)
        try await bench.age(first, by: 901)
        let third = try await bench.tick()
        #expect(third.wasPublished)
        #expect(third.id > first.id)
        #expect(third.era == first.era)
    }

    @Test func twoCallersShareOneTick() async throws {
        let bench = try await Bench()
        let other = try await bench.server.connect()
        let listener = try await TickListener(bench.server)
        let first = try await bench.tick()
        let second = try await bench.tick(first.id, by: other)
        #expect(first.wasPublished && !second.wasPublished)
        #expect(first.id == second.id)
        try await eventually { try await listener.ticks().count == 1 }
    }

    @Test func ticksGoOnWhenTheServersTimeWasSetBack() async throws {
        let bench = try await Bench()
        let first = try await bench.tick()
        try await bench.age(first, by: -3_600_000)
        let second = try await bench.tick(first.id)
        #expect(second.wasPublished)
        #expect(second.id > first.id)
        #expect(second.era == first.era)
    }

    @Test func aFlushIsANewEra() async throws {
        let bench = try await Bench()
        let before = try await bench.tick()
        try await bench.redis.send("FLUSHALL")
        let after = try await bench.tick(before.id)
        #expect(after.wasPublished)
        #expect(after.era != before.era)
        #expect(after.id > before.id)
        // Known to all from now on: the same W begins no other.
        #expect(try await bench.tick(before.id).era == after.era)
    }

    @Test func whoeverIsAheadOfTheClockBeginsANewEra() async throws {
        let bench = try await Bench()
        let before = try await bench.tick()
        let ahead = EventID(milliseconds: before.id.milliseconds + 3_600_000, counter: 41)
        let after = try await bench.tick(ahead)
        #expect(after.wasPublished, "a new era is told at once")
        #expect(after.era != before.era)
        #expect(after.id > ahead)
        #expect(after.id.milliseconds == ahead.milliseconds, "the clock goes on from W, not from now")
        let born = try await bench.redis.send("GET", bench.keys.born).string
        #expect(born == "\(ahead.milliseconds)-42 \(after.era)")
        #expect(try await bench.tick(ahead).era == after.era)
        #expect(try await bench.tick(after.id).era == after.era)
    }

    @Test func whoeverIsBehindOrLevelChangesNothing() async throws {
        let bench = try await Bench()
        let tick = try await bench.tick()
        for newest in [EventID.zero, EventID(milliseconds: 5, counter: 5), tick.id] {
            let again = try await bench.tick(newest)
            #expect(again.era == tick.era)
            #expect(again.id == tick.id)
        }
    }

    @Test func aLostClockIsANewEra() async throws {
        let bench = try await Bench()
        let before = try await bench.tick()
        try await bench.redis.send("DEL", bench.keys.clock)
        // Not even a W: the birth is ahead of a clock that isn't there, or the present time is beyond it.
        let (id, _) = try await bench.next()
        #expect(id > before.id)
        try await bench.redis.send("SET", bench.keys.clock, "1-0")
        let (_, era) = try await bench.next()
        #expect(era != before.era)
    }

    @Test func nextIsAlwaysFresh() async throws {
        let bench = try await Bench()
        var last = EventID.zero
        let era = try await bench.next().1
        for _ in 0..<300 {
            let (id, same) = try await bench.next(last)
            #expect(id > last)
            #expect(same == era)
            last = id
        }
        #expect(try await bench.clock() == last)
    }

    @Test func nextTakesTheTimeOrTheNextCounter() async throws {
        let bench = try await Bench()
        _ = try await bench.next()
        let ahead = UInt64(try await bench.time()) + 60_000
        try await bench.redis.send("SET", bench.keys.clock, "\(ahead)-9")
        // Set by hand: the clock jumps.
        let first = try await bench.next().0
        #expect(first.milliseconds == ahead && first.counter > 9)
        #expect(try await bench.next().0 == EventID(milliseconds: ahead, counter: first.counter + 1))
    }

    @Test func nextHeedsWToo() async throws {
        let bench = try await Bench()
        let (id, era) = try await bench.next()
        let ahead = EventID(milliseconds: id.milliseconds + 3_600_000, counter: 0)
        let (after, newEra) = try await bench.next(ahead)
        #expect(after > ahead)
        #expect(newEra != era)
    }

    @Test func erasDiffer() async throws {
        let bench = try await Bench()
        var eras: Set<String> = []
        for _ in 0..<200 {
            try await bench.redis.send("DEL", bench.keys.born)
            eras.insert(try await bench.next().1)
        }
        #expect(eras.count == 200)
        #expect(eras.allSatisfy { Era($0) != nil })
    }

    @Test func clustersKeepApart() async throws {
        let bench = try await Bench()
        let tick = try await bench.tick()
        let reply = try await bench.redis.send("FCALL", "halley_tick", 1, "blue/clock").array
        #expect(reply?[3].integer == 1)
        #expect(reply?[1].string != tick.era)
        #expect(try await bench.redis.send("GET", "blue/clock").string != nil)
    }

    @Test(arguments: [
        ["FCALL", "halley_tick", "0"], ["FCALL", "halley_tick", "1", "halley/other"],
        ["FCALL", "halley_tick", "2", "halley/clock", "halley/born"],
        ["FCALL", "halley_tick", "1", "halley/clock", "garbage"], ["FCALL", "halley_tick", "1", "halley/clock", ""],
        ["FCALL", "halley_tick", "1", "halley/clock", "99999999999999999999-0"],
        ["FCALL", "halley_next", "1", "halley/clock", "1-18446744073709551616"],
        ["FCALL", "halley_next", "1", "halley/clock", "1-1\r\nFLUSHALL"],
    ])
    func refusesNonsense(arguments: [String]) async throws {
        let bench = try await Bench()
        let error = await #expect(throws: RedisErrorReply.self) {
            try await bench.redis.send(RedisCommand(arguments: arguments))
        }
        #expect(error?.description.hasPrefix("ERR halley: ") == true)
        #expect(try await bench.redis.send("DBSIZE").integer == 1, "nothing but the version's key")
    }

    @Test func goesOnTickingWhenRedisIsFull() async throws {
        let bench = try await Bench()
        try await bench.redis.send("CONFIG", "SET", "maxmemory", "1mb")
        await #expect(throws: RedisErrorReply.self) { try await bench.redis.send("SET", "more", "data") }
        #expect(try await bench.tick().wasPublished)
        _ = try await bench.next()
    }
}
