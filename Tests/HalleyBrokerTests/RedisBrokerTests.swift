import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct RedisBrokerTests {
    @Test func tellsEventsOfWhatIsWanted() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        let news = try Channel("news")
        try await broker.subscribe(news)
        let redis = try await server.connect()
        let payload: [UInt8] = [0, 1, 0xFF, 13, 10]
        #expect(try await redis.send("PUBLISH", "halley:news", payload).integer == 1)
        #expect(try await redis.send("PUBLISH", "halley:other", payload).integer == 0)
        #expect(try await redis.send("PUBLISH", "blue:news", payload).integer == 0)
        try await broker.wait(for: .received(news, payload))
        try await broker.change { $0.unsubscribe(Subscription(to: news)) }
        #expect(try await redis.send("PUBLISH", "halley:news", payload).integer == 1, "another's isn't ended")
        try await broker.unsubscribe(news)
        try await eventually { try await redis.send("PUBLISH", "halley:news", payload).integer == 0 }
    }

    @Test func ticksOnceASecondWhateverTheNumberOfProcesses() async throws {
        let server = try await RedisServer()
        let brokers = [
            try await BrokerListenerOnLoop(server), try await BrokerListenerOnLoop(server),
            try await BrokerListenerOnLoop(server),
        ]
        for broker in brokers { try await eventually { try await broker.readiness().isReady } }
        for broker in brokers { try await broker.forget() }
        try await Task.sleep(for: .seconds(5))
        for broker in brokers {
            let ticks = try await broker.ticks()
            #expect((3...6).contains(ticks.count))
            #expect(ticks.map(\.id) == ticks.map(\.id).sorted())
            #expect(Set(ticks.map(\.era)).count == 1)
        }
    }

    @Test func isReadyWithItsFirstTick() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually(within: .seconds(3)) { try await broker.readiness().isReady }
        #expect(try await broker.ticks().isEmpty == false)
    }

    @Test func isNotReadyWithoutRedis() async throws {
        let server = try await RedisServer()
        server.kill()
        let broker = try await BrokerListenerOnLoop(server)
        let reasons = try await broker.readiness().reasons
        #expect(reasons.count == 2)
        try await server.start()
        try await eventually { try await broker.readiness().isReady }
        server.kill()
        try await eventually { try await !broker.readiness().isReady }
    }

    @Test func isNotReadyWhereKeysAreEvicted() async throws {
        let server = try await RedisServer("--maxmemory-policy", "volatile-ttl")
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually {
            try await broker.readiness().reasons
                == ["Redis' maxmemory-policy is volatile-ttl; set it to noeviction"]
        }
    }

    @Test func losesAndRegainsItsLink() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        let (kept, gone) = (try Channel("kept"), try Channel("gone"))
        try await broker.subscribe(kept)
        try await broker.subscribe(gone)
        try await broker.forget()
        var redis = try await server.connect()
        try await redis.send("CLIENT", "KILL", "TYPE", "pubsub")
        try await broker.wait(for: .lost)
        try await broker.wait(within: .seconds(2), for: .subscribed(kept))
        try await broker.wait(within: .seconds(2), for: .subscribed(gone))
        server.kill()
        try await eventually { try await broker.events().filter { $0 == .lost }.count == 2 }
        try await broker.forget()
        try await broker.unsubscribe(gone)
        try await server.start()
        redis = try await server.connect()
        try await broker.wait(within: .seconds(2), for: .subscribed(kept))
        #expect(try await broker.events().contains(.subscribed(gone)) == false)
        try await eventually { try await broker.readiness().isReady }
        let channels = try await redis.send("PUBSUB", "CHANNELS").array?.compactMap(\.string).sorted()
        let (marks, others) = (channels ?? []).reduce(into: ([String](), [String]())) { sorted, name in
            if name.hasPrefix("halley/mark/") { sorted.0.append(name) } else { sorted.1.append(name) }
        }
        #expect(marks.count == 1)
        #expect(others == ["halley/out/kept", "halley/tick", "halley:kept"])
    }

    @Test func isBackWithin2SecondsOfRedis() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server, endpoint: server.tcpEndpoint)
        let news = try Channel("news")
        try await broker.subscribe(news)
        try await eventually { try await !broker.ticks().isEmpty }
        let before = try #require(try await broker.ticks().last)
        server.kill()
        try await broker.wait(for: .lost)
        try await Task.sleep(for: .seconds(2))
        try await broker.forget()
        try await server.start()
        try await broker.wait(within: .seconds(2), for: .subscribed(news))
        // That Redis keeps nothing: a new era, whose ids go on above the old.
        try await eventually { try await !broker.ticks().isEmpty }
        let after = try #require(try await broker.ticks().first)
        #expect(after.era != before.era)
        #expect(after.id > before.id)
        try await eventually { try await broker.readiness().isReady }
    }

    @Test func tellsRedisWhatItHasForgotten() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually { try await !broker.ticks().isEmpty }
        let before = try #require(try await broker.ticks().last)
        let redis = try await server.connect()
        // An old backup: everything is there, but older than what the process has seen.
        try await redis.send("SET", "halley/clock", "1000-0")
        try await redis.send("SET", "halley/born", "999-0 \(before.era)")
        try await eventually { try await broker.ticks().last?.era != before.era }
        let after = try #require(try await broker.ticks().last)
        #expect(after.id > before.id)
        #expect(try await broker.events().contains(.lost) == false)
    }

    @Test func findsALinkThatAnswersAndIsDeaf() async throws {
        let server = try await RedisServer()
        let proxy = try await DeafeningProxy(to: server)
        defer { proxy.close() }
        let broker = try await BrokerListenerOnLoop(server, endpoint: proxy.endpoint)
        let news = try Channel("news")
        try await broker.subscribe(news)
        try await eventually { try await broker.readiness().isReady }
        try await broker.forget()
        proxy.deafen(true)
        // A tick at most a second later, and the watch's patience.
        try await broker.wait(within: .seconds(6), for: .lost)
        #expect(try await !broker.readiness().isReady)
        // The next link is no better, and nobody is told that it was.
        try await broker.wait(for: .subscribed(news))
        #expect(try await !broker.readiness().isReady)
        proxy.deafen(false)
        try await eventually { try await broker.readiness().isReady }
    }

    @Test func findsAServerThatHangs() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        let news = try Channel("news")
        try await broker.subscribe(news)
        try await eventually { try await broker.readiness().isReady }
        try await broker.forget()
        server.freeze()
        // A PING at most a second later, and the watch's patience.
        try await broker.wait(within: .seconds(6), for: .lost)
        #expect(try await !broker.readiness().isReady)
        server.thaw()
        try await broker.wait(for: .subscribed(news))
        try await eventually { try await broker.readiness().isReady }
    }

    @Test func bringsTheFunctionsBack() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually { try await broker.readiness().isReady }
        try await broker.forget()
        let redis = try await server.connect()
        try await redis.send("FUNCTION", "FLUSH")
        try await eventually { try await broker.ticks().count >= 2 }
        #expect(try await broker.events().contains(.lost) == false)
    }

    @Test func tellsThatRedisWentBackInTime() async throws {
        var bench = try await FunctionBench()
        try await bench.next()
        try await bench.call("SAVE")
        let lost = try await bench.next()
        try await bench.crash()
        let broker = try await BrokerListenerOnLoop(bench.server)
        try await eventually { try await broker.readiness().isReady }
        // Another worker comes back later, and knows better.
        let after = try await bench.next(seen: lost.id)
        let born = try await bench.read().state.born
        try await broker.wait(for: .rewound(Watermark(id: born, era: after.era)))
        #expect(try await !broker.events().contains(.ticked(Watermark(id: born, era: after.era))))
        #expect(try await broker.readiness().isReady)
    }

    @Test func ignoresWhatIsNoTick() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually { try await broker.readiness().isReady }
        try await broker.forget()
        let redis = try await server.connect()
        try await redis.send("PUBLISH", "halley/tick", "nonsense")
        try await eventually { try await !broker.ticks().isEmpty }
        #expect(try await broker.events().contains(.lost) == false)
    }

    @Test func quickChangesConfirmTheLastOnly() async throws {
        let server = try await RedisServer()
        let broker = try await BrokerListenerOnLoop(server)
        try await eventually { try await broker.readiness().isReady }
        let (news, last) = (try Channel("news"), try Channel("last"))
        try await broker.change { broker in
            let subscription = Subscription(to: news)
            for _ in 0..<20 {
                broker.subscribe(subscription)
                broker.unsubscribe(subscription)
            }
            broker.subscribe(subscription)
            broker.subscribe(Subscription(to: last))
        }
        try await broker.wait(for: .subscribed(last))
        #expect(try await broker.events().filter { $0 == .subscribed(news) }.count == 1)
    }
}
