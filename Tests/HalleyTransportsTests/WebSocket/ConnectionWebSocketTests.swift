import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// A connection that has become a WebSocket: the protocol's manners, and what ends it.
@Suite struct ConnectionWebSocketTests {
    let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    @Test func eventsArriveAsTheyArePublished() throws {
        let socket = try EmbeddedWebSocket(fixture, fields: ["Sec-WebSocket-Protocol: halley.v1"])
        #expect(try socket.head.contains("Sec-WebSocket-Protocol: halley.v1\r\n"))
        #expect(fixture.server.heldRequests == 1)
        fixture.publish("a")
        fixture.publish(#"{"b":1}"#)
        #expect(try socket.words.prefix(2) == ["subscribed news fresh", "news a"])
        #expect(try socket.messages[0]["position"] as? String != nil)
        #expect(try socket.messages[2]["position"] as? String == fixture.hub.position?.description)
        #expect(try socket.messages[2]["data"] as? [String: Int] == ["b": 1])
    }

    @Test func manyEventsOfOneTurnAreFramesOfTheirOwn() throws {
        let socket = try EmbeddedWebSocket(fixture)
        let other = try EmbeddedWebSocket(fixture)
        for text in ["a", "b", "c"] { fixture.broker.publish(Array(text.utf8), on: news) }
        fixture.loop.run()
        #expect(try socket.words == ["subscribed news fresh", "news a", "news b", "news c"])
        #expect(try other.words == ["subscribed news fresh", "news a", "news b", "news c"])
    }

    @Test func aPositionIsResumedFrom() throws {
        let first = try EmbeddedWebSocket(fixture)
        fixture.publish("a")
        let position = try #require(try first.messages.last?["position"] as? String)
        first.client.close()
        fixture.publish("b")
        let second = try EmbeddedWebSocket(fixture, "/events?channel=news&position=\(position)")
        #expect(try second.words == ["subscribed news complete", "news b"])
    }

    @Test func aGapIsTold() throws {
        fixture.broker.publishDurable([0x30], on: news)
        let position = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        for _ in 0..<3 { fixture.broker.publishDurable([0x31], on: news, history: 1) }
        let socket = try EmbeddedWebSocket(fixture, "/events?channel=news&position=\(position)")
        #expect(try socket.words == ["subscribed news gap", "gap news", "news 1", "heartbeat"])
    }

    @Test func heartbeatsMoveThePosition() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try fixture.tick(20)
        fixture.pass(.seconds(16))
        #expect(try socket.words == ["subscribed news fresh", "heartbeat"])
        #expect(try socket.messages[1]["position"] as? String == fixture.hub.position?.description)
    }

    // MARK: - Pings and pongs, RFC 6455, sections 5.5.2 and 5.5.3

    @Test func everyPingIsAnswered() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(Array((0..<10).map { ClientFrame.bytes(ClientFrame.ping, [UInt8($0)]) }.joined()))
        #expect(try socket.frames.dropFirst().map(\.opcode) == Array(repeating: ClientFrame.pong, count: 10))
        #expect(try socket.frames.dropFirst().map(\.payload) == (0..<10).map { [UInt8($0)] })
    }

    @Test func ofPingsFromWhoReadsNothingTheLastIsAnswered() throws {
        let socket = try EmbeddedWebSocket(fixture)
        socket.client.setWritable(false)
        for turn in 0..<200 {
            let pings = (0..<1_000).map { _ in ClientFrame.bytes(ClientFrame.ping, [UInt8(turn)]) }
            try socket.send(Array(pings.joined()))
        }
        #expect(socket.client.isOpen)
        socket.client.setWritable(true)
        #expect(try socket.frames.dropFirst() == [.init(opcode: ClientFrame.pong, payload: [199])])
    }

    @Test func pongsAreTakenForWhatTheyAre() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(ClientFrame.bytes(ClientFrame.pong, [1, 2, 3]))
        fixture.publish("a")
        #expect(try socket.words == ["subscribed news fresh", "news a"])
    }

    // MARK: - Closing, section 7

    @Test(arguments: [1000, 1001, 3000, 4999] as [UInt16])
    func aCloseIsAnsweredWithItsCode(code: UInt16) throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(ClientFrame.close(code, Array("bye".utf8)) + ClientFrame.bytes(ClientFrame.ping))
        #expect(try socket.closeCode == code)
        #expect(try socket.frames.count == 2, "nothing behind it, and no pong")
        #expect(fixture.server.heldRequests == 0)
        fixture.publish("a")
        #expect(try socket.frames.count == 2)
    }

    @Test func aCloseWithoutACodeIsAnsweredWithoutOne() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(ClientFrame.bytes(ClientFrame.close))
        #expect(try socket.closeCode == 0)
    }

    @Test func whoNeverClosesItsEndIsGone() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(ClientFrame.close(1000))
        for _ in 0..<10 {
            try? socket.send(ClientFrame.bytes(ClientFrame.ping))
            fixture.pass(.seconds(1))
        }
        #expect(!socket.client.isOpen)
        #expect(fixture.server.isIdle)
    }

    @Test func aWorkerThatStopsSaysSo() throws {
        let socket = try EmbeddedWebSocket(fixture)
        fixture.broker.publish([0x61], on: news)
        fixture.server.stop()
        fixture.pass(.seconds(1))
        #expect(try socket.closeCode == 1001)
        #expect(try socket.words == ["subscribed news fresh", "news a"])
    }

    @Test(
        arguments: [
            (ClientFrame.bytes(ClientFrame.binary, [1]), 1003), (ClientFrame.bytes(ClientFrame.text, [0xFF]), 1007),
            (ClientFrame.text("{}"), 1008), (ClientFrame.head(ClientFrame.text, count: 65_537), 1009),
            (ClientFrame.bytes(ClientFrame.text, [], key: nil), 1002), (ClientFrame.bytes(3), 1002),
            (ClientFrame.close(1005), 1002),
        ] as [([UInt8], UInt16)])
    func whatMayNotBeSentEndsIt(bytes: [UInt8], code: UInt16) throws {
        let socket = try EmbeddedWebSocket(fixture)
        let bystander = try EmbeddedWebSocket(fixture)
        try socket.send(ClientFrame.bytes(ClientFrame.ping) + bytes + ClientFrame.bytes(ClientFrame.ping))
        #expect(try socket.frames.dropFirst().map(\.opcode) == [ClientFrame.pong, ClientFrame.close])
        #expect(try socket.closeCode == code)
        fixture.publish("a")
        #expect(try bystander.words.last == "news a")
    }

    // MARK: - Patience

    @Test func aMessageThatDoesNotEnd() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(Array(ClientFrame.text("{}").dropLast()))
        fixture.pass(.seconds(9))
        #expect(try socket.closeCode == nil)
        fixture.pass(.seconds(2))
        #expect(try socket.closeCode == 1008)
    }

    @Test func noChannelAtAll() throws {
        let socket = try EmbeddedWebSocket(fixture, "/events")
        fixture.pass(.seconds(9))
        #expect(try socket.closeCode == nil)
        fixture.pass(.seconds(2))
        #expect(try socket.closeCode == 1008)
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func aBrokerThatDoesNotAnswer() throws {
        let socket = try EmbeddedWebSocket(fixture, settles: false)
        fixture.pass(.seconds(6))
        #expect(try socket.closeCode == 1013)
        #expect(try socket.frames.count == 1)
    }

    @Test func whoIsTooSlow() throws {
        let socket = try EmbeddedWebSocket(fixture)
        let bystander = try EmbeddedWebSocket(fixture)
        socket.client.setWritable(false)
        fixture.publish(String(repeating: "x", count: 70_000))
        fixture.publish("a")
        #expect(try bystander.words.last == "news a")
        fixture.pass(.seconds(12))
        #expect(!socket.client.isOpen)
        #expect(bystander.client.isOpen)
    }

    @Test func whoFallsBehindGoesOnWhenItReads() throws {
        let socket = try EmbeddedWebSocket(fixture)
        socket.client.setWritable(false)
        for number in 0..<300 { fixture.publish("\(number)") }
        socket.client.setWritable(true)
        #expect(try socket.words.suffix(300) == (0..<300).map { "news \($0)" })
    }

    /// What is added meanwhile joins the others when they have caught up.
    @Test func whoFallsBehindMayAddAChannelMeanwhile() throws {
        let socket = try EmbeddedWebSocket(fixture)
        socket.client.setWritable(false)
        fixture.publish("a")
        socket.client.setWritable(true)
        socket.client.setWritable(false)
        fixture.publish("b")
        try socket.send(#"{"subscribe":["sport"]}"#)
        fixture.broker.settle()
        fixture.loop.run()
        socket.client.setWritable(true)
        fixture.pass(.seconds(2))
        fixture.publish("c", on: sport)
        fixture.publish("d")
        #expect(try socket.words.filter { $0.hasPrefix("news") } == ["news a", "news b", "news d"])
        #expect(try socket.words.last { $0.hasPrefix("sport") } == "sport c")
        #expect(try socket.words.contains { $0.contains("joined") })
    }

    /// What comes on the added channel meanwhile waits too, however much it is.
    @Test func whoFallsBehindGetsAllOfAnAddedChannel() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(#"{"subscribe":["sport"]}"#)
        socket.client.setWritable(false)
        fixture.publish("a")
        fixture.broker.settle()
        fixture.loop.run()
        let texts = (0..<40).map { "\($0)" + String(repeating: "x", count: 10_000) }
        for text in texts { fixture.publish(text, on: sport) }
        #expect(socket.client.isOpen)
        socket.client.setWritable(true)
        fixture.pass(.seconds(2))
        fixture.publish("b", on: sport)
        let words = try socket.words
        let got = words.filter { $0.contains("sport ") && !$0.contains("subscribed") && !$0.contains("joined") }
        #expect(got.map { String($0.split(separator: " ").last ?? "") } == texts + ["b"])
        #expect(words.contains("joined sport") && words.contains("news a"))
    }

    // MARK: - The handshake

    @Test func whatComesBehindTheRequestIsRead() throws {
        let client = try fixture.connect()
        try client.channel.writeInbound(
            ByteBuffer(
                bytes: Array(EmbeddedWebSocket.request("/events").utf8) + ClientFrame.bytes(ClientFrame.ping, [1])))
        fixture.loop.run()
        #expect(try client.bytes.suffix(3) == [0x8A, 1, 1])
    }

    @Test func aRefusedUpgradeIsPlainHTTPAndLeavesNoTunnel() throws {
        for (target, field, status) in [
            ("/events?channel=a%20b", "X: y", 400), ("/events?channel=news", "Origin: null", 403),
            ("/events?channel=news", "Origin: https://evil.example", 403),
            ("/events?channel=news&ticket=x", "X: y", 503),
            ("/events?channel=news", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400),
        ] {
            let client = try fixture.connect()
            try client.send(EmbeddedWebSocket.request(target, [field]))
            #expect(try client.answer.status == status, "\(target) \(field)")
            #expect(try client.answer.fields["connection"] == "close")
        }
        let version = try fixture.connect()
        try version.send(
            EmbeddedWebSocket.request("/events?channel=news").replacing("Version: 13", with: "Version: 8"))
        #expect(try version.answer.status == 426)
        #expect(try version.answer.fields["sec-websocket-version"] == "13")
    }

    @Test func onlyOneKindOfRequestBecomesOne() throws {
        let post = try fixture.connect()
        try post.send(EmbeddedWebSocket.request("/events?channel=news").replacing("GET", with: "POST"))
        #expect(try post.answer.status == 405)
        let old = try fixture.connect()
        try old.send(EmbeddedWebSocket.request("/events?channel=news").replacing("HTTP/1.1", with: "HTTP/1.0"))
        #expect(try old.answer.status == 400)
        let plain = try fixture.connect()
        try plain.send(get("/events?channel=news&transport=websocket"))
        #expect(try plain.answer.status == 426)
    }

    @Test func theLimitOfHeldRequestsHoldsForIt() throws {
        var bounds = ConnectionBounds.test
        bounds.connections = 1
        let small = try ServerFixture(bounds: bounds)
        let first = try EmbeddedWebSocket(small)
        let second = try small.connect()
        try second.send(EmbeddedWebSocket.request("/events?channel=news"))
        #expect(try second.answer.status == 503)
        first.client.close()
        #expect(try EmbeddedWebSocket(small).words == ["subscribed news fresh"])
    }

    // MARK: - Echo

    @Test func thereIsNoEchoUnlessItIsSwitchedOn() throws {
        let client = try fixture.connect()
        try client.send(EmbeddedWebSocket.request("/ws-echo"))
        #expect(try client.answer.status == 404)
    }

    @Test func theEchoAnswersMessageByMessage() throws {
        fixture.server.echoesWebSockets = true
        let socket = try EmbeddedWebSocket(fixture, "/ws-echo")
        try socket.send(ClientFrame.text("κόσμε"))
        try socket.send(ClientFrame.bytes(ClientFrame.binary, [1, 2], isFinal: false))
        try socket.send(
            ClientFrame.bytes(ClientFrame.ping, [9]) + ClientFrame.bytes(ClientFrame.continuation, [3])
                + ClientFrame.bytes(ClientFrame.close))
        #expect(
            try socket.frames == [
                .init(opcode: ClientFrame.text, payload: Array("κόσμε".utf8)),
                .init(opcode: ClientFrame.pong, payload: [9]),
                .init(opcode: ClientFrame.binary, payload: [1, 2, 3]), .init(opcode: ClientFrame.close, payload: []),
            ])
        #expect(fixture.server.isIdle)
    }
}
