import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// A connection that holds a poll, and what is pipelined behind it.
@Suite struct ConnectionPollTests {
    let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    private let plainPoll = get("/events?channel=news", "Accept: application/json")

    private func poll(from position: Position?, _ field: String = "") -> String {
        let position = position.map { "&position=\($0)" } ?? ""
        return get("/events?channel=news&transport=long-poll\(position)", field)
    }

    /// The payloads of the events in an answer, by a reading that is enough for what these tests publish.
    private func events(_ answer: Answer) -> [String] {
        answer.text.matches(of: #/"data":"([^"]*)"/#).map { String($0.1) }
    }

    @Test func theAnswerWaitsForTheFirstEvent() throws {
        let client = try fixture.ask(plainPoll)
        #expect(try client.bytes.isEmpty)
        #expect(fixture.server.heldRequests == 1)
        fixture.publish("a")
        #expect(events(try client.answer) == ["a"])
        #expect(try client.answer.fields["halley-position"] == fixture.hub.position?.description)
        #expect(fixture.server.heldRequests == 0)
        #expect(client.isOpen)
        fixture.publish("b")
        #expect(try client.answers.count == 1)
    }

    @Test func itCarriesAllThatTheTurnBrought() throws {
        let client = try fixture.ask(plainPoll)
        for text in ["a", "b", "c"] { fixture.broker.publish(Array(text.utf8), on: news) }
        fixture.loop.run()
        #expect(events(try client.answer) == ["a", "b", "c"])
    }

    @Test func whatComesBetweenTwoPollsIsMissedByNobody() throws {
        let client = try fixture.ask(plainPoll)
        fixture.publish("a")
        let position = try Position(parsing: try #require(try client.answer.fields["halley-position"]))
        fixture.publish("b")
        fixture.publish("c")
        try client.send(poll(from: position))
        #expect(try client.answers.count == 2)
        #expect(events(try #require(try client.answers.last)) == ["b", "c"])
    }

    @Test func whenTheTimeIsOverItIsEmptyAndMovesThePosition() throws {
        let client = try fixture.ask(plainPoll)
        try fixture.tick(9)
        fixture.pass(.seconds(24))
        #expect(try client.bytes.isEmpty)
        fixture.pass(.seconds(3))
        #expect(events(try client.answer) == [])
        #expect(try client.answer.fields["halley-position"] == fixture.hub.position?.description)
        #expect(fixture.server.heldRequests == 0)
        #expect(client.isOpen)
    }

    @Test func theLastPollOfAConnectionEndsIt() throws {
        let client = try fixture.ask(poll(from: nil, "Connection: close"))
        fixture.publish("a")
        #expect(events(try client.answer) == ["a"])
        #expect(try client.answer.fields["connection"] == "close")
        #expect(!client.isOpen)
    }

    @Test func HTTP10IsPolledOnce() throws {
        let client = try fixture.ask(get("/events?channel=news", "Accept: application/json", version: "1.0"))
        fixture.publish("a")
        #expect(events(try client.answer) == ["a"])
        #expect(!client.isOpen)
    }

    @Test func everyoneWhoWaitsForTheSameEventGetsTheSameBytes() throws {
        let clients = try (0..<5).map { _ in try fixture.ask(plainPoll) }
        fixture.publish("a")
        let answers = try clients.map { try $0.bytes }
        #expect(Set(answers).count == 1)
        #expect(events(try clients[0].answer) == ["a"])
    }

    @Test func whoComesBackWithEverythingWaitsForTheNextEvent() throws {
        let client = try fixture.ask(plainPoll)
        for (index, text) in ["a", "b", "c"].enumerated() {
            #expect(fixture.server.heldRequests == 1)
            fixture.publish(text)
            #expect(try client.answers.count == index + 1)
            let answer = try #require(try client.answers.last)
            #expect(events(answer) == [text])
            #expect(fixture.server.heldRequests == 0)
            try client.send(poll(from: try Position(parsing: try #require(answer.fields["halley-position"]))))
        }
        #expect(try client.answers.count == 3)
    }

    /// A query is read once for all that send it. Whatever else a request says has to count all the same.
    @Test func whatStandsBesideTheSameQueryCounts() throws {
        let first = try fixture.ask(poll(from: nil))
        fixture.publish("a")
        let position = try #require(try first.answer.fields["halley-position"])
        fixture.publish("b")
        let plain = try fixture.ask(poll(from: nil))
        #expect(try plain.bytes.isEmpty)
        #expect(events(try fixture.ask(poll(from: nil, "Last-Event-ID: \(position)")).answer) == ["b"])
        #expect(try fixture.ask(poll(from: nil, "Last-Event-ID: nonsense")).answer.status == 400)
        #expect(try fixture.ask(poll(from: nil, "Authorization: Bearer nonsense")).answer.status == 503)
        let last = try fixture.ask(poll(from: nil, "Connection: close"))
        let old = try fixture.ask(get("/events?channel=news&transport=long-poll", version: "1.0"))
        let next = try fixture.ask(poll(from: nil))
        fixture.publish("c")
        for client in [plain, last, old, next] { #expect(events(try client.answer) == ["c"]) }
        #expect([plain.isOpen, last.isOpen, old.isOpen, next.isOpen] == [true, false, false, true])
    }

    // MARK: - Pipelining

    @Test func aRequestBehindAPollIsAnsweredAfterIt() throws {
        let client = try fixture.ask(plainPoll + get("/health/live"))
        #expect(try client.bytes.isEmpty)
        fixture.publish("a")
        #expect(try client.answers.map(\.status) == [200, 200])
        #expect(try client.answers.map(\.text).last == "live")
    }

    @Test func aPollBehindAnAnswerWaitsForItsEvent() throws {
        let client = try fixture.ask(get("/health/live") + plainPoll)
        #expect(try client.answers.count == 1)
        fixture.publish("a")
        #expect(try client.answers.count == 2)
        #expect(events(try #require(try client.answers.last)) == ["a"])
    }

    @Test func aPollBehindAPollWaitsForItsOwnEvent() throws {
        let client = try fixture.ask(plainPoll + plainPoll + plainPoll)
        for expected in 1...3 {
            fixture.publish("event \(expected)")
            #expect(try client.answers.count == expected)
            #expect(events(try #require(try client.answers.last)) == ["event \(expected)"])
        }
    }

    @Test func aPollBehindOneWhoseTimeIsOverBeginsAtOnce() throws {
        let client = try fixture.ask(plainPoll + plainPoll)
        fixture.pass(.seconds(27))
        #expect(try client.answers.count == 1)
        fixture.publish("a")
        #expect(try client.answers.map { events($0) } == [[], ["a"]])
    }

    @Test func aPollBehindAPollThatHasABacklogIsAnsweredWithoutWaiting() throws {
        let first = try fixture.ask(plainPoll)
        fixture.publish("a")
        let position = try Position(parsing: try #require(try first.answer.fields["halley-position"]))
        fixture.publish("b")
        let client = try fixture.ask(plainPoll + poll(from: position))
        fixture.publish("c")
        #expect(try client.answers.map { events($0) } == [["c"], ["b", "c"]])
    }

    @Test func whatWaitsBehindAPollIsBounded() throws {
        let client = try fixture.ask(plainPoll)
        for _ in 0..<2_000 where client.isOpen { try client.send(get("/health/live")) }
        #expect(!client.isOpen)
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func whatCannotBeReadBehindAPollIsRefusedAfterIt() throws {
        let client = try fixture.ask(plainPoll + "nonsense\r\n\r\n")
        fixture.publish("a")
        #expect(try client.answers.map(\.status) == [200, 400])
        #expect(!client.isOpen)
    }

    @Test func aClientThatGoesAwayIsLetGo() throws {
        let client = try fixture.ask(plainPoll)
        client.close()
        fixture.loop.run()
        #expect(fixture.server.heldRequests == 0)
        #expect(fixture.server.isIdle)
        fixture.publish("a")
    }
}
