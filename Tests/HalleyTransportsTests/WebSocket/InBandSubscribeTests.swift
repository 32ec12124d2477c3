import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// Channels that come and go on a WebSocket.
@Suite struct InBandSubscribeTests {
    let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    private func subscribed(to names: [String], from position: Position? = nil) -> String {
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        return "{\"subscribe\":[\(list)]" + (position.map { ",\"position\":\"\($0)\"}" } ?? "}")
    }

    @Test func theFirstChannelsAreTheConnectionsOwn() throws {
        let socket = try EmbeddedWebSocket(fixture, "/events")
        try socket.send(subscribed(to: ["news", "sport"]))
        socket.settle()
        fixture.publish("a", on: sport)
        #expect(try socket.words == ["subscribed news,sport fresh", "sport a"])
        #expect(try socket.messages[1]["position"] != nil)
    }

    @Test func laterChannelsJoin() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport"]))
        fixture.publish("a")
        socket.settle()
        fixture.publish("b", on: sport)
        #expect(
            try socket.words == [
                "subscribed news fresh", "news a", "own subscribed sport fresh", "joined sport", "sport b",
            ])
        #expect(try socket.messages.last?["position"] as? String == fixture.hub.position?.description)
        #expect(fixture.server.heldRequests == 1, "it is one connection")
    }

    @Test func whatLaterChannelsMissedComesWithAPositionOfTheirOwn() throws {
        let start = fixture.broker.clock
        fixture.broker.publishDurable([0x31], on: sport)
        fixture.broker.publishDurable([0x32], on: sport)
        let socket = try EmbeddedWebSocket(fixture)
        let position = Position(id: start, era: fixture.broker.born.era)
        try socket.send(subscribed(to: ["sport"], from: position))
        socket.settle()
        fixture.broker.publishDurable([0x33], on: sport)
        fixture.loop.run()
        #expect(
            try socket.words == [
                "subscribed news fresh", "subscribed sport durable-only", "own sport 1", "own sport 2", "joined sport",
                "sport 3",
            ])
        #expect(try socket.messages[2]["position"] == nil)
        #expect(try socket.messages[4]["position"] as? String != nil)
    }

    @Test func aGapOfALaterChannelIsItsOwn() throws {
        fixture.broker.publishDurable([0x30], on: sport)
        let position = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        for _ in 0..<3 { fixture.broker.publishDurable([0x31], on: sport, history: 1) }
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport"], from: position))
        socket.settle()
        #expect(
            try socket.words == [
                "subscribed news fresh", "subscribed sport gap", "own gap sport", "own sport 1", "own", "joined sport",
            ])
    }

    @Test func nothingComesOfAChannelThatIsLeft() throws {
        let socket = try EmbeddedWebSocket(fixture, "/events?channel=news&channel=sport")
        fixture.broker.publish([0x61], on: sport)
        try socket.client.channel.writeInbound(ByteBuffer(bytes: ClientFrame.text(#"{"unsubscribe":["sport"]}"#)))
        fixture.broker.publish([0x62], on: sport)
        fixture.publish("c")
        #expect(try socket.words == ["subscribed news,sport fresh", "sport a", "unsubscribed sport", "news c"])
    }

    @Test func leavingAllOfThemAndComingBack() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(#"{"unsubscribe":["news","sport"]}"#)
        fixture.publish("lost")
        fixture.pass(.seconds(9))
        try socket.send(subscribed(to: ["sport"]))
        socket.settle()
        fixture.pass(.seconds(3))
        fixture.publish("a", on: sport)
        #expect(
            try socket.words.filter { $0 != "heartbeat" } == [
                "subscribed news fresh", "unsubscribed news,sport", "subscribed sport fresh", "sport a",
            ])
    }

    @Test func leavingWhatIsOnItsWay() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport", "c1"]))
        try socket.send(#"{"unsubscribe":["sport"]}"#)
        socket.settle()
        fixture.publish("a", on: sport)
        fixture.publish("b", on: named("c1"))
        #expect(
            try socket.words == [
                "subscribed news fresh", "unsubscribed sport", "own subscribed c1 fresh", "joined c1", "c1 b",
            ])
        try socket.send(subscribed(to: ["c2"]))
        try socket.send(#"{"unsubscribe":["c2"]}"#)
        socket.settle()
        #expect(try socket.words.suffix(1) == ["unsubscribed c2"])
    }

    @Test func channelsThatItHasAlready() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["news"]))
        try socket.send(subscribed(to: ["sport", "news"]))
        try socket.send(subscribed(to: ["sport"]))
        socket.settle()
        fixture.publish("a")
        fixture.publish("b", on: sport)
        #expect(
            try socket.words == [
                "subscribed news fresh", "joined news", "joined news", "own subscribed sport fresh", "joined sport",
                "news a",
                "sport b",
            ])
    }

    @Test func sixtyFourChannels() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: (0..<40).map { "c\($0)" }))
        try socket.send(subscribed(to: (40..<64).map { "c\($0)" }))
        try socket.send(subscribed(to: (40..<63).map { "c\($0)" }))
        socket.settle()
        #expect(
            try socket.words.map { $0.split(separator: " ").first.map(String.init) ?? "" } == [
                "subscribed", "error", "own", "own", "joined",
            ])
        try socket.send(subscribed(to: ["one.more"]))
        #expect(try socket.words.last == "error subscribe")
        fixture.publish("a", on: named("c62"))
        #expect(try socket.words.last == "c62 a")
    }

    @Test func aRefusedRequestEndsNothing() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["a b"]))
        try socket.send(#"{"subscribe":["x"],"position":"0"}"#)
        fixture.publish("a")
        #expect(try socket.words == ["subscribed news fresh", "error subscribe", "error subscribe", "news a"])
    }

    @Test func aMillionChannelsOneAfterTheOther() throws {
        let socket = try EmbeddedWebSocket(fixture)
        var sent = 0
        while socket.client.isOpen, sent < 1_000, try socket.closeCode == nil {
            try socket.send(subscribed(to: ["x\(sent)"]))
            try socket.send(#"{"unsubscribe":["x\#(sent)"]}"#)
            sent += 1
        }
        #expect(try socket.closeCode == 1008)
        #expect(sent < 200)
    }

    @Test func requestsAtALeisurelyPaceGoOnForEver() throws {
        let socket = try EmbeddedWebSocket(fixture)
        for number in 0..<400 {
            try socket.send(subscribed(to: ["x\(number)"]))
            try socket.send(#"{"unsubscribe":["x\#(number)"]}"#)
            fixture.pass(.milliseconds(200))
        }
        #expect(try socket.closeCode == nil)
    }

    @Test func theTicketHoldsForLaterChannelsToo() throws {
        let keys = try #require(TicketKeys(secrets: [Array(repeating: 7, count: 32)]))
        fixture.server.ticketKeys = keys
        let ticket = Ticket(
            session: .random(), label: try #require(ShardLabel("s1")), channels: [news, sport], expiry: .max)
        let socket = try EmbeddedWebSocket(fixture, "/events?channel=news&ticket=\(keys.sign(ticket))")
        try socket.send(subscribed(to: ["weather"]))
        try socket.send(subscribed(to: ["sport"]))
        socket.settle()
        #expect(
            try socket.words == [
                "subscribed news fresh", "error subscribe", "own subscribed sport fresh", "joined sport",
            ])
    }

    @Test func aBrokerThatDoesNotAnswerForALaterChannel() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport"]))
        fixture.pass(.seconds(6))
        #expect(try socket.words == ["subscribed news fresh", "error subscribe"])
        fixture.publish("a")
        #expect(try socket.words.last == "news a")
    }

    @Test func alinkLostWhileAChannelIsOnItsWay() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport"]))
        fixture.broker.lose()
        fixture.broker.restore()
        socket.settle()
        fixture.pass(.seconds(1))
        fixture.publish("a", on: sport)
        fixture.publish("b")
        #expect(
            try socket.words.filter { $0 != "heartbeat" } == [
                "subscribed news fresh", "own subscribed sport fresh", "joined sport", "sport a", "news b",
            ])
    }

    /// A connection may end within the very fan-out that its legs are in.
    @Test func aConnectionThatEndsTakesItsLegsAlong() throws {
        let socket = try EmbeddedWebSocket(fixture)
        try socket.send(subscribed(to: ["sport"]))
        fixture.broker.confirm()
        socket.client.close()
        fixture.loop.run()
        fixture.broker.settle()
        fixture.publish("a", on: sport)
        #expect(fixture.server.heldRequests == 0)
        fixture.pass(.seconds(61))
        #expect(fixture.broker.wanted.isEmpty)
    }
}
