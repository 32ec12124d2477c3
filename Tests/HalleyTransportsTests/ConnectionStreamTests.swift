import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// A connection that holds a stream.
@Suite struct ConnectionStreamTests {
    let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    private func events(_ client: EmbeddedClient) throws -> [String] {
        EventStreamReader(try client.answer.body).events.map(\.data)
    }

    @Test func eventsArriveAsTheyArePublished() throws {
        let client = try fixture.ask(get("/events?channel=news&channel=sport", "Accept: text/event-stream"))
        #expect(try client.answer.status == 200)
        #expect(fixture.server.heldRequests == 1)
        fixture.publish("a")
        fixture.publish("b", on: sport)
        #expect(try events(client) == ["a", "b"])
        let reader = EventStreamReader(try client.answer.body)
        #expect(reader.events.map(\.type) == ["news", "sport"])
        #expect((500...1_500).contains(try #require(reader.retry)))
        #expect(reader.lastEventID == fixture.hub.position?.description)
    }

    @Test func manyEventsOfOneTurnLeaveTogether() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        _ = try client.bytes
        for text in ["a", "b", "c"] { fixture.broker.publish(Array(text.utf8), on: news) }
        #expect(try events(client) == [])
        fixture.loop.run()
        #expect(try events(client) == ["a", "b", "c"])
    }

    @Test func linesForWhoeverAsksForNothingElse() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: */*"))
        fixture.publish(#"{"a":1}"#)
        let answer = try client.answer
        #expect(answer.fields["content-type"] == "application/x-ndjson")
        #expect(answer.text.hasSuffix(#""data":{"a":1}}"# + "\n"))
    }

    @Test func HTTP10GetsNoChunksAndTheConnectionsEndForAnEnd() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream", version: "1.0"))
        fixture.publish("a")
        #expect(try client.answer.fields["transfer-encoding"] == nil)
        #expect(try events(client) == ["a"])
        fixture.server.stop()
        fixture.pass(.seconds(1))
        #expect(try events(client) == ["a"])
        #expect(!client.isOpen)
    }

    @Test func whoeverComesBackGetsWhatItMissed() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        fixture.publish("a")
        let id = EventStreamReader(try client.answer.body).lastEventID
        client.close()
        fixture.loop.run()
        #expect(fixture.server.heldRequests == 0)
        fixture.publish("b")
        let back = try fixture.ask(
            get("/events?channel=news", "Accept: text/event-stream", "Last-Event-ID: \(id)"))
        #expect(try events(back) == ["b"])
        #expect(try back.answer.fields["halley-resume"] == "complete")
    }

    // MARK: - Time

    @Test func silenceEndsInAHeartbeatThatMovesThePosition() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let before = EventStreamReader(try client.answer.body).lastEventID
        try fixture.tick(2)
        fixture.pass(.seconds(17))
        let reader = EventStreamReader(try client.answer.body)
        #expect(reader.events.isEmpty)
        #expect(reader.lastEventID != before)
        #expect(reader.lastEventID == fixture.hub.position?.description)
    }

    /// A heartbeat says that everything before it has been delivered, also what is due in the very same turn of the loop.
    @Test func aHeartbeatNeverOvertakesAnEvent() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let broker = fixture.broker
        // Just before each of the wheel's turns.
        for turn in 1...400 {
            fixture.loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(50 * turn))) {
                broker.publish(Array("a".utf8), on: news)
            }
        }
        fixture.pass(.seconds(21))
        var newest: UInt64 = 0
        var heartbeats = 0
        for block in try client.answer.text.split(separator: "\n\n").dropFirst() where !block.isEmpty {
            let position = try Position(parsing: try #require(block.firstMatch(of: #/id: (\S+)/#)).1)
            let count = try #require(position.cursor).count
            if block.contains("data:") {
                #expect(count > newest)
            } else {
                heartbeats += 1
                #expect(count == newest)
            }
            newest = max(newest, count)
        }
        #expect(heartbeats > 0)
        #expect(try events(client).count == 400)
    }

    @Test func whileTheBrokerIsSilentNothingIsPromised() throws {
        let client = try fixture.connect()
        try client.send(get("/events?channel=news", "Accept: text/event-stream"))
        #expect(try client.bytes.isEmpty)
        #expect(fixture.server.heldRequests == 1)
        fixture.pass(.seconds(7))
        let answer = try client.answer
        #expect(answer.status == 200, "an EventSource that is answered 503 never comes back")
        #expect(EventStreamReader(answer.body).retry != nil)
        #expect(answer.isWhole)
        #expect(!client.isOpen)
        #expect(fixture.server.heldRequests == 0)
        fixture.broker.settle()
        #expect(fixture.server.heldRequests == 0)
    }

    // MARK: - Slowness

    @Test func aSlowConsumerIsClosedAndTheOthersAreNot() throws {
        let slow = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let quick = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        fixture.publish("a")
        #expect(try events(slow).isEmpty)
        #expect(try events(quick) == ["a"])
        fixture.pass(.seconds(8))
        #expect(slow.isOpen)
        fixture.pass(.seconds(4))
        #expect(!slow.isOpen)
        #expect(quick.isOpen)
        #expect(fixture.server.heldRequests == 1)
    }

    @Test func whoFallsBehindGoesOnWhenItReads() throws {
        let slow = try fixture.ask(get("/events?channel=news&channel=sport", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        for number in 0..<300 { fixture.publish("\(number)", on: number % 3 == 0 ? sport : news) }
        #expect(try events(slow).isEmpty)
        slow.setWritable(true)
        #expect(try events(slow) == (0..<300).map { "\($0)" })
        fixture.publish("live")
        #expect(try events(slow).last == "live")
        #expect(slow.isOpen)
    }

    /// A little at a time, and never for as long as the bound on a stall.
    @Test func whoFallsBehindMayTakeItsTime() throws {
        let slow = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        let texts = (0..<8).map { "event \($0)" + String(repeating: "x", count: 65_536) }
        for text in texts { fixture.publish(text) }
        slow.onWrite = { slow.channel.isWritable = false }
        for _ in texts {
            fixture.pass(.seconds(8))
            #expect(slow.isOpen)
            slow.setWritable(true)
        }
        slow.onWrite = nil
        slow.setWritable(true)
        #expect(try events(slow) == texts)
    }

    /// What a heartbeat says must not run ahead of what the client has had.
    @Test func whoFallsBehindIsToldNoPositionMeanwhile() throws {
        let slow = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        fixture.publish("a")
        let before = EventStreamReader(try slow.answer.body).lastEventID
        fixture.broker.tick()
        fixture.pass(.seconds(5))
        #expect(EventStreamReader(try slow.answer.body).lastEventID == before)
        slow.setWritable(true)
        #expect(try events(slow) == ["a"])
        fixture.pass(.seconds(16))
        #expect(EventStreamReader(try slow.answer.body).lastEventID != before)
    }

    @Test func whoFallsOutOfTheRingIsClosedWithinASecondOrTwo() throws {
        let fixture = try ServerFixture(ringEvents: 5)
        let slow = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        for _ in 0..<5 { fixture.publish("a") }
        fixture.pass(.seconds(2))
        #expect(slow.isOpen)
        fixture.publish("one too many")
        fixture.pass(.seconds(2))
        #expect(!slow.isOpen)
        #expect(fixture.server.heldRequests == 0)
    }

    /// More is due at once than the ring holds: there is nowhere to go on from.
    @Test func whoFallsOutOfTheRingInTheMidstOfAFanOutIsClosedAndTheOthersAreNot() throws {
        let fixture = try ServerFixture(ringEvents: 1)
        let clients = try (0..<9).map { _ in try fixture.ask(get("/events?channel=news", "Accept: text/event-stream")) }
        for (index, client) in clients.enumerated() where index % 3 != 1 { client.channel.isWritable = false }
        let texts = (0..<8).map { "event \($0)" + String(repeating: "x", count: 20_000) }
        // In one turn of the loop.
        for text in texts { fixture.broker.publish(Array(text.utf8), on: news) }
        fixture.loop.run()
        for (index, client) in clients.enumerated() {
            #expect(client.isOpen == (index % 3 == 1))
            if client.isOpen { #expect(try events(client) == texts) }
        }
        #expect(fixture.server.heldRequests == 3)
    }

    @Test func whoIsBehindWhenTheLinkIsLostIsClosedAndComesBack() throws {
        let slow = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let quick = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        slow.channel.isWritable = false
        fixture.publish("a")
        fixture.broker.lose()
        fixture.broker.restore()
        fixture.broker.settle()
        fixture.pass(.seconds(2))
        #expect(!slow.isOpen)
        fixture.publish("b")
        #expect(try events(quick) == ["a", "b"])
    }

    @Test func manySlowConsumersInOneFanOutCostTheOthersNothing() throws {
        let clients = try (0..<30).map { _ in
            try fixture.ask(get("/events?channel=news&channel=sport", "Accept: text/event-stream"))
        }
        for (index, client) in clients.enumerated() where index % 3 != 1 { client.channel.isWritable = false }
        fixture.publish("a")
        fixture.publish("b", on: sport)
        for client in clients.enumerated() where client.offset % 3 == 1 {
            #expect(try events(client.element) == ["a", "b"])
        }
        for client in clients.enumerated() where client.offset % 3 == 0 { client.element.setWritable(true) }
        fixture.pass(.seconds(12))
        for (index, client) in clients.enumerated() {
            #expect(client.isOpen == (index % 3 != 2))
            if client.isOpen { #expect(try events(client) == ["a", "b"]) }
        }
        #expect(fixture.server.heldRequests == 20)
    }

    @Test func aBacklogWaitsForItsClientAndIsNoSlownessWhileItMoves() throws {
        let first = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let id = EventStreamReader(try first.answer.body).lastEventID
        // Each as large as what is joined to be sent at once.
        let texts = (0..<40).map { "event \($0)" + String(repeating: "x", count: 65_536) }
        for text in texts.prefix(20) { fixture.publish(text) }

        let slow = try fixture.connect()
        slow.onWrite = { slow.channel.isWritable = false }
        try slow.send(get("/events?channel=news", "Accept: text/event-stream", "Last-Event-ID: \(id)"))
        for text in texts.suffix(20) {
            fixture.publish(text)
            // Longer than a heartbeat in all.
            fixture.pass(.seconds(5))
            #expect(slow.isOpen)
            slow.setWritable(true)
        }
        slow.onWrite = nil
        slow.setWritable(true)
        #expect(try events(slow) == texts)
    }

    @Test func aBacklogThatDoesNotMoveForAHeartbeatIsSlowness() throws {
        let first = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let id = EventStreamReader(try first.answer.body).lastEventID
        for _ in 0..<5 { fixture.publish("a") }
        let stuck = try fixture.connect()
        stuck.onWrite = { stuck.channel.isWritable = false }
        try stuck.send(get("/events?channel=news", "Accept: text/event-stream", "Last-Event-ID: \(id)"))
        #expect(stuck.isOpen)
        fixture.pass(.seconds(17))
        #expect(!stuck.isOpen)
        #expect(fixture.server.heldRequests == 1)
    }

    @Test func whatAClientSaysBehindItsStreamIsDiscarded() throws {
        let client = try fixture.ask(get("/events?channel=news") + get("/health/live"))
        for _ in 0..<1_000 { try client.send(get("/health/live")) }
        fixture.publish("a")
        #expect(client.isOpen)
        #expect(try client.answer.text.hasSuffix("\"data\":\"a\"}\n"))
    }

    // MARK: - Too many

    @Test(arguments: [
        ("text/event-stream", 200), ("application/json", 503), ("*/*", 503),
    ])
    func overTheBoundOfHeldRequestsClientsAreToldToComeBack(accept: String, status: Int) throws {
        var bounds = ConnectionBounds.test
        bounds.connections = 1
        let fixture = try ServerFixture(bounds: bounds)
        let first = try fixture.ask(get("/events?channel=news"))
        let client = try fixture.ask(get("/events?channel=news", "Accept: \(accept)"))
        let answer = try client.answer
        #expect(answer.status == status)
        if status == 200 {
            #expect((500...1_500).contains(try #require(EventStreamReader(answer.body).retry)))
        } else {
            #expect(answer.fields["retry-after"] != nil)
        }
        #expect(answer.isWhole)
        #expect(!client.isOpen)
        first.close()
        fixture.loop.run()
        #expect(fixture.server.heldRequests == 0)
        #expect(try fixture.ask(get("/events?channel=news", "Accept: \(accept)")).isOpen)
    }

    @Test(arguments: [("text/event-stream", 200), ("application/json", 503)])
    func overTheBoundOfChannelsToo(accept: String, status: Int) throws {
        for batch in 0..<16 {
            let channels = (0..<(batch == 15 ? 40 : 64)).map { "channel=c\(batch).\($0)" }.joined(separator: "&")
            _ = try fixture.ask(get("/events?\(channels)"))
        }
        let client = try fixture.ask(get("/events?channel=news", "Accept: \(accept)"))
        #expect(try client.answer.status == status)
        #expect(!client.isOpen)
        #expect(fixture.server.heldRequests == 16)
    }

    @Test(arguments: [("text/event-stream", 200), ("application/json", 503)])
    func beforeTheKeysAreKnownATicketsHolderIsToldToComeBack(accept: String, status: Int) throws {
        let client = try fixture.ask(get("/events?channel=news&ticket=t", "Accept: \(accept)"))
        #expect(try client.answer.status == status)
        #expect(fixture.server.heldRequests == 0)
    }

    // MARK: - The end

    @Test func stoppingEndsEveryRequestWholeAndWithinASecond() throws {
        let idle = try fixture.connect()
        let sse = try fixture.ask(get("/events?channel=news", "Accept: text/event-stream"))
        let stream = try fixture.ask(get("/events?channel=news"))
        let poll = try fixture.ask(get("/events?channel=news", "Accept: application/json"))
        fixture.publish("a")
        let joining = try fixture.connect()
        try joining.send(get("/events?channel=weather", "Accept: text/event-stream"))
        fixture.server.stop()
        let late = try fixture.connect()
        try late.send(get("/events?channel=news"))
        fixture.pass(.seconds(1))
        for client in [idle, sse, stream, poll, joining, late] { #expect(!client.isOpen) }
        for client in [sse, stream, joining, late] { #expect(try client.answer.isWhole) }
        #expect(try events(sse) == ["a"])
        #expect(try poll.answers.map(\.status) == [200])
        #expect(EventStreamReader(try joining.answer.body).retry != nil)
        #expect(try late.answer.status == 503)
        #expect(try idle.bytes.isEmpty)
        #expect(fixture.server.heldRequests == 0)
        #expect(fixture.server.isIdle)
    }

    @Test func aStoppedServerIsFreed() throws {
        weak var gone: TransportServer?
        do {
            let fixture = try ServerFixture()
            gone = fixture.server
            let client = try fixture.ask(get("/events?channel=news"))
            fixture.server.stop()
            fixture.pass(.seconds(2))
            #expect(!client.isOpen)
        }
        #expect(gone == nil)
    }
}
