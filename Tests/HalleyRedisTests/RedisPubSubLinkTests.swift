import HalleyRedis
import NIOCore
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct RedisPubSubLinkTests {
    @Test func receivesInOrderAfterConfirmation() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe("news")
        let redis = try await server.connect()
        for number in 0..<1_000 { #expect(try await redis.send("PUBLISH", "news", number).integer == 1) }
        try await eventually { try await listener.events().count == 1_002 }
        let expected: [PubSubListener.Event] =
            [.connected, .subscribed("news")] + (0..<1_000).map { .received("news", Array("\($0)".utf8)) }
        #expect(try await listener.events() == expected)
    }

    @Test(arguments: ["%s%b", "nul\0", "a\r\nb", "*", "h[ae]llo", "é"])
    func takesNamesAndPayloadsAsTheyAre(name: String) async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe(name)
        let redis = try await server.connect()
        let payload = (0...255).map { UInt8($0) } + Array("\r\n%s".utf8)
        #expect(try await redis.send("PUBLISH", name, payload).integer == 1)
        #expect(try await redis.send("PUBLISH", "hello", payload).integer == 0)
        try await listener.wait(for: .received(name, payload))
    }

    @Test func takesMessagesThatLookLikeAnswers() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe("pong", "subscribe", "message")
        let redis = try await server.connect()
        for name in ["pong", "subscribe", "message"] { try await redis.send("PUBLISH", name, "subscribe") }
        for name in ["pong", "subscribe", "message"] {
            try await listener.wait(for: .received(name, Array("subscribe".utf8)))
        }
        try await listener.ping()
    }

    @Test func pingsInBothModes() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.wait(for: .connected)
        try await listener.ping()
        try await listener.subscribe("a")
        try await listener.ping()
        try await listener.change { $0.unsubscribe("a") }
        try await listener.ping()
        #expect(try await listener.events().contains(.lost) == false)
    }

    @Test func quickChangesEndAsWished() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.wait(for: .connected)
        try await listener.change { link in
            for _ in 0..<50 {
                link.subscribe("kept")
                link.unsubscribe("kept")
                link.subscribe("dropped")
                link.unsubscribe("dropped")
            }
            link.subscribe("kept")
        }
        try await listener.wait(for: .subscribed("kept"))
        try await listener.subscribe("last")
        let redis = try await server.connect()
        try await eventually {
            try await redis.send("PUBSUB", "CHANNELS").array?.compactMap(\.string).sorted() == ["kept", "last"]
        }
        #expect(try await listener.events() == [.connected, .subscribed("kept"), .subscribed("last")])
    }

    @Test func subscribesAgainWhenRedisDropsIt() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe("a", "b")
        try await listener.forget()
        let redis = try await server.connect()
        #expect(try await redis.send("CLIENT", "KILL", "TYPE", "pubsub").integer == 1)
        try await listener.wait(within: .seconds(2), for: .subscribed("a"))
        try await listener.wait(within: .seconds(2), for: .subscribed("b"))
        let events = try await listener.events()
        #expect(Array(events.prefix(2)) == [.lost, .connected])
        #expect(Set(events.dropFirst(2)) == [.subscribed("a"), .subscribed("b")])
        #expect(try await redis.send("PUBSUB", "CHANNELS").array?.count == 2)
    }

    @Test func subscribesAgainToWhatIsWantedThen() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe("kept", "gone")
        server.kill()
        try await listener.wait(for: .lost)
        try await listener.forget()
        try await listener.change { link in
            link.unsubscribe("gone")
            link.subscribe("new")
        }
        try await server.start()
        try await listener.wait(for: .subscribed("kept"))
        try await listener.wait(for: .subscribed("new"))
        #expect(try await listener.events().contains(.subscribed("gone")) == false)
        let redis = try await server.connect()
        #expect(try await redis.send("PUBSUB", "CHANNELS").array?.count == 2)
    }

    @Test func subscribesAgainWithin2SecondsOfRedisReturn() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.tcpEndpoint)
        defer { listener.close() }
        let names = (0..<2_500).map { "channel-\($0)" }
        try await listener.change { link in for name in names { link.subscribe(name) } }
        try await eventually { try await listener.events().count == 2_501 }
        for _ in 0..<2 {
            server.kill()
            try await listener.wait(for: .lost)
            try await listener.forget()
            try await Task.sleep(for: .seconds(1))
            try await server.start()
            try await eventually(within: .seconds(2)) { try await listener.events().count == 2_501 }
            #expect(Set(try await listener.events()).count == 2_501)
            try await listener.forget()
        }
    }

    @Test func givesUpAConnectionThatIsFoundDead() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.subscribe("a")
        try await listener.forget()
        try await listener.change { $0.reconnect(because: "the test says so") }
        try await listener.wait(for: .subscribed("a"))
        #expect(try await listener.events() == [.lost, .connected, .subscribed("a")])
    }

    @Test func givesUpAServerThatDoesntConfirm() async throws {
        let server = try await RedisServer()
        var options = RedisLinkOptions()
        options.replyDeadline = .milliseconds(200)
        let listener = try await PubSubListener(server.endpoint, options: options)
        defer { listener.close() }
        try await listener.wait(for: .connected)
        server.freeze()
        defer { server.thaw() }
        try await listener.change { $0.subscribe("a") }
        try await listener.wait(for: .lost)
    }

    @Test func survivesARefusal() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        try await redis.send("ACL", "SETUSER", "default", "resetchannels", "&allowed")
        let listener = try await PubSubListener(server.endpoint)
        defer { listener.close() }
        try await listener.change { $0.subscribe("forbidden") }
        try await listener.wait(for: .lost)
        try await listener.change { link in
            link.unsubscribe("forbidden")
            link.subscribe("allowed")
        }
        try await listener.wait(for: .subscribed("allowed"))
    }

    @Test func staysClosed() async throws {
        let server = try await RedisServer()
        let listener = try await PubSubListener(server.endpoint)
        try await listener.subscribe("a")
        listener.close()
        try await listener.wait(for: .lost)
        await #expect(throws: RedisError.self) { try await listener.ping() }
        let redis = try await server.connect()
        #expect(try await redis.send("PUBSUB", "CHANNELS") == .array([]))
    }
}
