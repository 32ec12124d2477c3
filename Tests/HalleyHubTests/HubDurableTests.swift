import HalleyCore
import HalleyHub
import Testing

@Suite struct HubDurableTests {
    let fixture = HubFixture()

    /// The position of a client of another worker that got everything so far.
    private var elsewhere: Position { Position(id: fixture.broker.clock, era: fixture.broker.born.era) }

    @Test func whatWasRecordedInTheMeantimeIsReadFromTheLogsInTheOrderOfIDs() throws {
        let position = elsewhere
        for (text, channel) in [("a", news), ("b", sport), ("c", news), ("d", weather), ("e", sport)] {
            fixture.record(text, on: channel)
        }
        fixture.broker.pageEntries = 1
        let client = try fixture.join(TestSubscriber(), sport, weather, news, from: position)
        #expect(client.words == ["a", "b", "c", "d", "e"])
        #expect(client.resumes == [.durableOnly])
        #expect(client.membership.isLive)
    }

    @Test func whatIsTrimmedIsToldAtItsPlaceToExactlyThoseBehind() throws {
        let behind = elsewhere
        let a = fixture.record("a", on: news)
        let b = fixture.record("b", on: news)
        let level = elsewhere
        fixture.record("x", on: sport)
        fixture.record("c", on: news, history: 1)
        let client = try fixture.join(TestSubscriber(), news, sport, from: behind)
        #expect(client.resumes == [.gap])
        #expect(client.words == ["news \(behind.id)…\(b)", "x", "c"])
        let other = try fixture.join(TestSubscriber(), news, sport, from: level)
        #expect(other.words == ["x", "c"])
        #expect(a < b)
    }

    @Test func aFlushIsAGapForThoseAwayAndNothingForThoseConnected() throws {
        let connected = try fixture.join(TestSubscriber(), news)
        fixture.record("a", on: news)
        let away = elsewhere
        fixture.broker.flush()
        fixture.record("b", on: news)
        #expect(connected.words == ["a", "b"])
        let back = try fixture.join(TestSubscriber(), news, from: away)
        #expect(back.resumes == [.gap])
        #expect(back.gaps.count == 1)
        #expect(back.texts == ["b"])
        #expect(connected.gaps.isEmpty)
    }

    @Test func theFirstPositionOfAFreshClientMissesNothing() throws {
        fixture.record("before", on: news)
        let client = try fixture.join(TestSubscriber(), news)
        let start = try #require(client.start)
        fixture.hub.leave(client)
        let other = HubFixture(incarnation: Incarnation(bits: 2), sharing: fixture)
        fixture.record("after", on: news)
        let back = try other.join(TestSubscriber(), news, from: start)
        #expect(back.words == ["after"])
    }

    @Test func aHoleOfALostLinkIsFilledBeforeAnythingNewer() throws {
        let client = try fixture.join(TestSubscriber(), news, sport)
        fixture.record("a", on: news)
        fixture.broker.lose()
        fixture.record("b", on: sport)
        fixture.broker.restore()
        fixture.broker.confirm()
        fixture.record("c", on: news)
        #expect(client.words == ["a"])
        fixture.broker.answer()
        fixture.record("d", on: sport)
        #expect(client.words == ["a", "b", "c", "d"])
        #expect(client.resumes == [.fresh])
    }

    @Test func aPositionAheadOfTheLinkWaitsForItAndOneAheadOfTheClockIsAGap() throws {
        let other = HubFixture(incarnation: Incarnation(bits: 2), sharing: fixture)
        try other.join(TestSubscriber(), news)
        other.broker.isLagging = true
        fixture.record("a", on: news)
        let client = try other.join(TestSubscriber(), news, from: elsewhere)
        #expect(client.resumes.isEmpty)
        other.broker.isLagging = false
        other.broker.arrive()
        other.broker.settle()
        #expect(client.resumes == [.durableOnly])
        #expect(client.words.isEmpty)
        let future = Position(
            id: EventID(milliseconds: elsewhere.id.milliseconds + 1_000, counter: 0), era: elsewhere.era)
        let ahead = try other.join(TestSubscriber(), news, from: future)
        #expect(ahead.resumes == [.gap])
    }

    @Test func manyWhoComeAtOnceShareOneReading() throws {
        let position = elsewhere
        for number in 0..<10 { fixture.record("\(number)", on: news) }
        let clients = (0..<500).map { _ in TestSubscriber() }
        for client in clients { try fixture.hub.join(client, channels: [news], from: position) }
        fixture.broker.settle()
        #expect(clients.allSatisfy { $0.texts.count == 10 && $0.membership.isLive })
        #expect(fixture.broker.reads[news].map { $0 <= 2 } == true)
    }

    @Test func noLogIsReadWhereTheRingReachesBack() throws {
        try fixture.join(TestSubscriber(), news)
        let position = elsewhere
        fixture.record("a", on: news)
        let client = try fixture.join(TestSubscriber(), news, from: position)
        #expect(client.words == ["a"])
        #expect(fixture.broker.reads.isEmpty)
    }

    @Test func whatWasReadGoesWithTheForgottenChannel() throws {
        let fixture = HubFixture(channels: 1)
        let start = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        fixture.record("a", on: news)
        let client = try fixture.join(TestSubscriber(), news, from: start)
        // The order of the rings holds a note of the channel from here on.
        fixture.publish("b", on: news)
        #expect(client.texts == ["a", "b"] && fixture.broker.reads[news] == 1)
        client.forgetDeliveries()
        fixture.hub.leave(client)
        try fixture.join(TestSubscriber(), sport)
        #expect(fixture.hub.bytesInUse == 0)
    }

    @Test func anAnswerForAForgottenChannelIsKeptByNobody() throws {
        let fixture = HubFixture(channels: 1)
        let start = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        fixture.record("a", on: news)
        fixture.hub.leave(try fixture.join(TestSubscriber(), news))
        fixture.publish("b", on: news)
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: start)
        #expect(client.texts.isEmpty, "its reading is under way")
        fixture.hub.leave(client)
        try fixture.hub.join(TestSubscriber(), channels: [sport], from: nil)
        #expect(fixture.broker.answerReading())
        #expect(fixture.hub.bytesInUse == 0)
    }
}
