import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import NIOEmbedded
import Testing

/// A connection between requests: what is answered at once, what is refused, and who is too slow.
@Suite struct ConnectionRequestTests {
    let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    @Test func requestsFollowEachOtherOnOneConnection() throws {
        let client = try fixture.connect()
        try client.send(get("/health/live"))
        try client.send(get("/health/live"))
        try client.send(get("/health/live") + get("/nothing") + get("/health/live", "Connection: close"))
        #expect(try client.answers.map(\.status) == [200, 200, 200, 404, 200])
        #expect(try client.answers.map(\.fields["connection"]) == [nil, nil, nil, nil, "close"])
        #expect(!client.isOpen)
    }

    @Test func HTTP10IsAnsweredAndClosed() throws {
        let client = try fixture.connect()
        try client.send(get("/health/live", version: "1.0"))
        #expect(try client.answer.fields["connection"] == "close")
        #expect(!client.isOpen)
    }

    @Test(arguments: [
        ("POST", "/events?channel=a", 405), ("DELETE", "/events?channel=a", 405), ("TRACE", "/events", 405),
        ("get", "/events?channel=a", 405), ("POST", "/health/live", 405), ("POST", "/publish", 404), ("GET", "/", 404),
        ("GET", "/events/", 404), ("GET", "/events.js", 404), ("GET", "//events", 404), ("GET", "/%65vents", 404),
        ("GET", "/EVENTS", 404), ("GET", "/shards", 404),
    ])
    func otherMethodsAndPathsAreRefused(method: String, target: String, status: Int) throws {
        let client = try fixture.connect()
        try client.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try client.answer
        #expect(answer.status == status)
        #expect(answer.text.hasPrefix(#"{"error":"#))
        if status == 405 { #expect(answer.fields["allow"] == "GET, OPTIONS") }
        #expect(client.isOpen)
    }

    /// A body would be read as the beginning of the next answer.
    @Test func theAnswerToHEADHasNoBody() throws {
        let client = try fixture.connect()
        try client.send("HEAD /events?channel=a HTTP/1.1\r\nHost: a\r\n\r\n")
        let text = String(decoding: try client.bytes, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 405 "))
        #expect(text.hasSuffix("\r\n\r\n"))
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func aPreflightIsAnsweredForEveryOriginAndWithoutCredentials() throws {
        let client = try fixture.connect()
        try client.send(
            "OPTIONS /events HTTP/1.1\r\nHost: a\r\nOrigin: null\r\nAccess-Control-Request-Method: GET\r\n\r\n")
        let answer = try client.answer
        #expect(answer.status == 204)
        #expect(answer.fields["access-control-allow-origin"] == "*")
        #expect(answer.fields["access-control-allow-headers"]?.contains("Last-Event-ID") == true)
        #expect(answer.fields["access-control-allow-credentials"] == nil)
    }

    @Test(arguments: HTTPRequestParserTests.refused.indices)
    func whatCannotBeReadIsRefusedOnceAndTheConnectionEnds(index: Int) throws {
        let (_, text, status) = HTTPRequestParserTests.refused[index]
        let client = try fixture.connect()
        try client.send(text + get("/health/live"))
        let answer = try client.answer
        #expect(answer.status == status)
        #expect(answer.fields["connection"] == "close")
        #expect(!client.isOpen)
    }

    @Test func badSubscriptionsAreRefusedAndTheConnectionGoesOn() throws {
        let client = try fixture.connect()
        for target in [
            "/events", "/events?channel=*", "/events?channel=a&position=x", "/events?channel=a&transport=fax",
        ] {
            try client.send(get(target))
        }
        try client.send(get("/health/live"))
        #expect(try client.answers.map(\.status) == [400, 400, 400, 400, 200])
        #expect(fixture.server.heldRequests == 0)
        #expect(fixture.broker.wanted.isEmpty)
    }

    @Test func twoHundredChannelsAreToldThatSixtyFourIsTheMost() throws {
        let client = try fixture.connect()
        try client.send(get("/events?" + (0..<200).map { "channel=c\($0)" }.joined(separator: "&")))
        #expect(try client.answer.status == 400)
        #expect(try client.answer.text.contains("64"))
    }

    @Test func anExpiredTicketIsSentToTheApex() throws {
        let keys = try #require(TicketKeys(secrets: [Array(repeating: 1, count: 32)]))
        fixture.server.ticketKeys = keys
        let label = try #require(ShardLabel("s1-a"))
        let ticket = keys.sign(Ticket(session: .random(), label: label, channels: nil, expiry: 1))
        let client = try fixture.connect()
        try client.send(get("/events?channel=a&ticket=\(ticket)"))
        #expect(try client.answer.status == 307)
        #expect(try client.answer.fields["location"] == "//push.localhost/events?channel=a&ticket=\(ticket)")
        let stranger = try fixture.connect()
        try stranger.send("GET /events?channel=a&ticket=\(ticket) HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n")
        #expect(try stranger.answer.status == 401)
        #expect(try !stranger.answer.text.contains(ticket))
    }

    // MARK: - Time

    @Test func aSlowHeadIsTold408() throws {
        let client = try fixture.connect()
        try client.send("GET /events?chan")
        fixture.pass(.seconds(9))
        #expect(client.isOpen)
        try client.send("nel=a HTTP/1.1\r\n")
        fixture.pass(.seconds(3))
        #expect(try client.answer.status == 408)
        #expect(!client.isOpen)
    }

    @Test func aHeadThatTricklesGetsNoMoreTimeForIt() throws {
        let client = try fixture.connect()
        for _ in 0..<13 where client.isOpen {
            try client.send("G")
            fixture.pass(.seconds(1))
        }
        #expect(try client.answer.status == 408)
    }

    @Test func whoeverSaysNothingIsClosedWithoutAWord() throws {
        let client = try fixture.connect()
        fixture.pass(.seconds(12))
        #expect(!client.isOpen)
        #expect(try client.bytes.isEmpty)
    }

    @Test func betweenRequestsAConnectionMayIdleLonger() throws {
        let client = try fixture.connect()
        try client.send(get("/health/live"))
        fixture.pass(.seconds(70))
        try client.send(get("/health/live"))
        fixture.pass(.seconds(70))
        #expect(client.isOpen)
        #expect(try client.answers.count == 2)
        fixture.pass(.seconds(10))
        #expect(!client.isOpen)
        #expect(try client.answers.count == 2)
    }

    @Test func emptyLinesPutNothingOff() throws {
        let client = try fixture.connect()
        try client.send(get("/health/live"))
        for _ in 0..<20 where client.isOpen {
            fixture.pass(.seconds(8))
            if client.isOpen { try client.send("\r\n") }
        }
        #expect(!client.isOpen)
    }

    @Test func aHeadThatBeganBehindTheLastRequestHasAHeadsTime() throws {
        let client = try fixture.connect()
        try client.send(get("/health/live") + "G")
        fixture.pass(.seconds(12))
        #expect(try client.answers.map(\.status) == [200, 408])
    }

    // MARK: - Bounds

    @Test func whoeverPipelinesWithoutReadingWaitsAndIsBounded() throws {
        let client = try fixture.connect()
        client.channel.isWritable = false
        try client.send(get("/health/live"))
        #expect(try client.bytes.isEmpty)
        client.setWritable(true)
        #expect(try client.answers.map(\.status) == [200])
        client.channel.isWritable = false
        for _ in 0..<2_000 where client.isOpen { try client.send(get("/health/live")) }
        #expect(!client.isOpen)
    }

    @Test func overTheBoundOfSocketsThereIsNoWordAndRoomComesBack() throws {
        var bounds = ConnectionBounds.test
        bounds.connections = 1
        let fixture = try ServerFixture(bounds: bounds)
        let clients = try (0..<510).map { _ in try fixture.connect() }
        let refused = clients.filter { !$0.isOpen }
        #expect(refused.count == 9)
        for client in clients { client.close() }
        fixture.loop.run()
        #expect(fixture.server.isIdle)
        let client = try fixture.connect()
        try client.send(get("/health/live"))
        #expect(try client.answer.status == 200)
    }

    @Test func aChannelThatNeverBecameActiveIsNotCounted() {
        let channel = EmbeddedChannel(handler: fixture.server.makeConnection(), loop: fixture.loop)
        channel.close(promise: nil)
        fixture.loop.run()
        #expect(fixture.server.isIdle)
    }

    @Test(arguments: [
        "", "GET /", get("/health/live"), get("/events?channel=news"), get("/events?channel=news&transport=sse"),
        get("/events?channel=news&transport=long-poll"),
    ])
    func aClosedConnectionIsFreed(request: String) throws {
        weak var gone: (any ChannelHandler)?
        do {
            let handler = fixture.server.makeConnection()
            gone = handler
            let channel = EmbeddedChannel(handler: handler, loop: fixture.loop)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            try channel.writeInbound(ByteBuffer(string: request))
            fixture.broker.settle()
            fixture.publish("a")
            channel.close(promise: nil)
            fixture.loop.run()
        }
        #expect(gone == nil)
        #expect(fixture.server.isIdle)
        #expect(fixture.server.heldRequests == 0)
    }
}
