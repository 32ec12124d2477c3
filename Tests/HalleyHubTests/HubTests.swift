import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import Testing

@Suite struct HubJoiningTests {
    let fixture = HubFixture()

    @Test func joiningWaitsForTheConfirmation() throws {
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: nil)
        #expect(fixture.broker.wanted == [news])
        #expect(client.resumes.isEmpty)
        fixture.broker.settle()
        #expect(client.resumes == [.fresh])
        #expect(client.membership.isLive)
        fixture.publish("a", on: news)
        #expect(client.texts == ["a"])
    }

    /// What was published before the mark may not have come over the link: only then is it known where the link begins.
    @Test func joiningWaitsForAMarkAfterTheConfirmation() throws {
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: nil)
        fixture.broker.confirm()
        #expect(client.resumes.isEmpty)
        fixture.broker.answer()
        #expect(client.resumes == [.fresh])
    }

    @Test func joiningWaitsForTheLastOfItsChannels() throws {
        try fixture.join(TestSubscriber(), news)
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news, sport, weather], from: nil)
        fixture.confirm(sport)
        #expect(client.resumes.isEmpty)
        fixture.publish("before", on: news)
        fixture.confirm(weather)
        fixture.broker.answer()
        #expect(client.resumes == [.fresh])
        #expect(client.deliveries.isEmpty)
    }

    @Test func whereAllIsConfirmedJoiningIsDoneAtOnce() throws {
        try fixture.join(TestSubscriber(), news)
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: nil)
        #expect(client.membership.isLive)
    }

    @Test func aLinkLostWhileJoiningBeginsTheWaitAnew() throws {
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news, sport], from: nil)
        fixture.confirm(news)
        fixture.broker.lose()
        fixture.broker.restore()
        fixture.confirm(sport)
        fixture.broker.answer()
        #expect(client.resumes.isEmpty, "news isn't confirmed on the new link")
        fixture.confirm(news)
        fixture.broker.answer()
        #expect(client.resumes == [.fresh])
    }

    @Test func leavingWhileJoiningEndsTheWait() throws {
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news, sport], from: nil)
        fixture.hub.leave(client)
        fixture.broker.settle()
        #expect(client.resumes.isEmpty)
        fixture.publish("a", on: news)
        #expect(client.deliveries.isEmpty)
    }

    @Test func aDoubledConfirmationIsHarmless() throws {
        let client = try fixture.join(TestSubscriber(), news)
        fixture.confirm(news)
        fixture.confirm(sport)
        fixture.publish("a", on: news)
        #expect(client.resumes == [.fresh])
        #expect(client.texts == ["a"])
    }

    @Test func theHubHoldsNobodyWhoHasLeft() throws {
        weak var gone: TestSubscriber?
        do {
            let client = try fixture.join(TestSubscriber(), news, sport)
            gone = client
            fixture.publish("a", on: news)
            fixture.hub.leave(client)
        }
        #expect(gone == nil)
    }

    @Test func leavingTwiceIsHarmless() throws {
        let client = try fixture.join(TestSubscriber(), news)
        let other = try fixture.join(TestSubscriber(), news)
        fixture.hub.leave(client)
        fixture.hub.leave(client)
        fixture.publish("a", on: news)
        #expect(other.texts == ["a"])
    }
}

@Suite struct HubSubscriptionTests {
    let fixture = HubFixture()

    @Test func aChannelIsSubscribedWhileSomebodyWantsItAndForTheLingerAfter() throws {
        let first = try fixture.join(TestSubscriber(), news)
        let second = try fixture.join(TestSubscriber(), news)
        fixture.hub.leave(first)
        fixture.pass(.seconds(120))
        #expect(fixture.broker.wanted == [news])
        fixture.hub.leave(second)
        fixture.pass(.seconds(59))
        #expect(fixture.broker.wanted == [news])
        fixture.pass(.seconds(1))
        #expect(fixture.broker.wanted == [])
    }

    @Test func whoeverComesBackWithinTheLingerKeepsTheSubscription() throws {
        let client = try fixture.join(TestSubscriber(), news)
        fixture.hub.leave(client)
        fixture.pass(.seconds(59))
        try fixture.join(client, news)
        fixture.pass(.seconds(59))
        #expect(fixture.broker.wanted == [news])
        fixture.hub.leave(client)
        fixture.pass(.seconds(59))
        #expect(fixture.broker.wanted == [news], "the linger counts from the last leaving")
        fixture.pass(.seconds(1))
        #expect(fixture.broker.wanted == [])
    }

    @Test func oneChannelComingBackEndsNoOthersLinger() throws {
        let client = try fixture.join(TestSubscriber(), news)
        fixture.hub.leave(client)
        try fixture.join(client, news)
        fixture.pass(.seconds(59))
        let other = try fixture.join(TestSubscriber(), sport)
        fixture.hub.leave(other)
        fixture.pass(.seconds(30))
        #expect(fixture.broker.wanted == [news, sport])
    }

    @Test func theBoundOnChannelsEvictsLingeringOnesOldestFirstAndThenRefuses() throws {
        let fixture = HubFixture(channels: 3)
        for channel in [news, sport, weather] {
            fixture.hub.leave(try fixture.join(TestSubscriber(), channel))
        }
        let client = try fixture.join(TestSubscriber(), named("a"))
        #expect(fixture.broker.wanted == [sport, weather, named("a")])
        try fixture.join(TestSubscriber(), named("b"), named("c"))
        #expect(fixture.broker.wanted == [named("a"), named("b"), named("c")])

        let refused = TestSubscriber()
        #expect(throws: HubError.tooManyChannels(3)) { try fixture.join(refused, named("a"), named("d")) }
        #expect(fixture.broker.wanted == [named("a"), named("b"), named("c")])
        fixture.publish("a", on: named("a"))
        #expect(refused.deliveries.isEmpty)
        #expect(client.texts == ["a"])
        // A known channel costs nothing.
        try fixture.join(TestSubscriber(), named("b"))
    }

    @Test func aLingeringChannelThatIsWantedAgainMakesNoRoomForTheOthers() throws {
        let fixture = HubFixture(channels: 2)
        fixture.hub.leave(try fixture.join(TestSubscriber(), news))
        try fixture.join(TestSubscriber(), sport)
        #expect(throws: HubError.tooManyChannels(2)) { try fixture.join(TestSubscriber(), news, weather) }
        #expect(fixture.broker.wanted == [news, sport])
    }

    @Test func whatComesForAForgottenTopicIsNothingToItsSuccessor() throws {
        let fixture = HubFixture()
        fixture.hub.leave(try fixture.join(TestSubscriber(), news))
        let old = try #require(fixture.broker.subscriptions[news])
        fixture.pass(.seconds(61))
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: nil)
        fixture.hub.brokerSubscribed(to: old)
        fixture.hub.brokerReceived([1], stamp: nil, on: old)
        try fixture.tick(5)
        #expect(client.resumes.isEmpty && client.deliveries.isEmpty)
        #expect(fixture.hub.bytesInUse == 0)
        fixture.broker.settle()
        #expect(client.resumes == [.fresh])
    }

    @Test func eventsOfAChannelNobodyKnowsAreNothing() throws {
        fixture.hub.brokerReceived([1], stamp: nil, on: Subscription(to: news))
        #expect(fixture.hub.bytesInUse == 0)
    }
}

@Suite struct HubResumeTests {
    let fixture = HubFixture()

    /// A client that got `a`, and the position that came with it; `b` and `c` came after it had gone.
    private func interrupted() throws -> Position {
        try fixture.tick(1)
        let client = try fixture.join(TestSubscriber(), news)
        fixture.publish("a", on: news)
        let position = try #require(client.deliveries.last?.position)
        fixture.hub.leave(client)
        fixture.publish("b", on: news)
        fixture.publish("c", on: news)
        return position
    }

    @Test func withoutAPositionItIsFresh() throws {
        _ = try interrupted()
        let client = try fixture.join(TestSubscriber(), news)
        #expect(client.resumes == [.fresh])
        #expect(client.deliveries.isEmpty)
        #expect(client.start == fixture.hub.position)
    }

    @Test func aPositionOfThisWorkerIsResumedCompletely() throws {
        let position = try interrupted()
        let client = try fixture.join(TestSubscriber(), news, from: position)
        #expect(client.resumes == [.complete])
        #expect(client.texts == ["b", "c"])
        #expect(client.start == position, "it stays where it stood until the backlog has come")
        fixture.publish("d", on: news)
        #expect(client.texts == ["b", "c", "d"])
    }

    @Test func withNothingMissedItIsCompleteToo() throws {
        _ = try interrupted()
        let client = try fixture.join(TestSubscriber(), news, from: fixture.hub.position)
        #expect(client.resumes == [.complete])
        #expect(client.deliveries.isEmpty)
    }

    @Test func anotherWorkersPositionIsDurableOnly() throws {
        _ = try interrupted()
        let client = try fixture.join(
            TestSubscriber(), news, from: try position(count: 1, incarnation: Incarnation(bits: 2)))
        #expect(client.resumes == [.durableOnly])
        #expect(client.deliveries.isEmpty)
        #expect(client.start == nil, "it keeps its own")
        fixture.publish("d", on: news)
        #expect(client.texts == ["d"])
    }

    @Test func aPositionWithoutACursorIsDurableOnly() throws {
        let position = try interrupted()
        let client = try fixture.join(TestSubscriber(), news, from: Position(id: position.id, era: position.era))
        #expect(client.resumes == [.durableOnly])
    }

    @Test func aCursorAheadOfAllThatCameIsDurableOnly() throws {
        _ = try interrupted()
        let client = try fixture.join(TestSubscriber(), news, from: try position(count: .max))
        #expect(client.resumes == [.durableOnly])
        #expect(client.start == nil)
        fixture.publish("d", on: news)
        #expect(client.texts == ["d"])
    }

    @Test func beyondTheRingItIsDurableOnly() throws {
        let fixture = HubFixture(ringEvents: 2)
        try fixture.tick(1)
        let client = try fixture.join(TestSubscriber(), news)
        fixture.publish("a", on: news)
        let position = try #require(client.deliveries.last?.position)
        fixture.hub.leave(client)
        for text in ["b", "c", "d"] { fixture.publish(text, on: news) }
        let back = try fixture.join(TestSubscriber(), news, from: position)
        #expect(back.resumes == [.durableOnly])
        #expect(back.deliveries.isEmpty)
        fixture.publish("e", on: news)
        #expect(back.texts == ["e"])
    }

    @Test func afterTheLingerItIsDurableOnly() throws {
        let position = try interrupted()
        fixture.pass(.seconds(61))
        let client = try fixture.join(TestSubscriber(), news, from: position)
        #expect(client.resumes == [.durableOnly])
        #expect(client.deliveries.isEmpty)
    }

    /// The count stood still while nobody listened; the position must not seem to cover what was published then.
    @Test func afterTheLingerAPositionAtTheVeryEndIsDurableOnlyToo() throws {
        _ = try interrupted()
        let position = try #require(fixture.hub.position)
        fixture.pass(.seconds(61))
        let client = try fixture.join(TestSubscriber(), news, from: position)
        #expect(client.resumes == [.durableOnly])
    }

    @Test func overALostLinkItIsDurableOnly() throws {
        _ = try interrupted()
        let position = try #require(fixture.hub.position)
        fixture.broker.lose()
        fixture.broker.restore()
        fixture.broker.settle()
        let client = try fixture.join(TestSubscriber(), news, from: position)
        #expect(client.resumes == [.durableOnly])
    }

    @Test func aPositionFromBeforeAChannelWasSubscribedIsDurableOnly() throws {
        let position = try interrupted()
        let client = try fixture.join(TestSubscriber(), news, sport, from: position)
        #expect(client.resumes == [.durableOnly])
        #expect(client.deliveries.isEmpty)
    }

    @Test func beforeTheFirstTickThereIsNoPosition() throws {
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [news], from: nil)
        fixture.broker.confirm()
        #expect(fixture.hub.position == nil)
        #expect(client.resumes.isEmpty)
        try fixture.tick(1)
        #expect(fixture.hub.position != nil)
        #expect(client.start == fixture.hub.position)
    }

    @Test func ticksMoveThePositionOn() throws {
        try fixture.tick(1)
        let before = try #require(fixture.hub.position)
        try fixture.tick(2)
        let after = try #require(fixture.hub.position)
        #expect(before.id < after.id)
        #expect(before.cursor == after.cursor)
    }
}

@Suite struct HubBacklogTests {
    let fixture = HubFixture()

    /// `a1 b1 a2 b2 …` on two channels, published while nobody was there, and the position before them.
    private func backlog(of pairs: Int) throws -> Position {
        try fixture.tick(1)
        fixture.hub.leave(try fixture.join(TestSubscriber(), news, sport))
        let position = try #require(fixture.hub.position)
        for number in 1...pairs {
            fixture.publish("a\(number)", on: news)
            fixture.publish("b\(number)", on: sport)
        }
        return position
    }

    @Test func channelsAreMergedInTheOrderOfComing() throws {
        let position = try backlog(of: 3)
        let client = try fixture.join(TestSubscriber(), sport, news, from: position)
        #expect(client.texts == ["a1", "b1", "a2", "b2", "a3", "b3"])
    }

    @Test func aBacklogPausesAndGoesOn() throws {
        let position = try backlog(of: 3)
        let client = TestSubscriber()
        client.onDelivery = { client.takesBacklog = client.deliveries.count % 2 != 0 }
        try fixture.join(client, news, sport, from: position)
        #expect(client.texts == ["a1", "b1"])
        #expect(!client.membership.isLive)
        fixture.publish("late", on: news)
        #expect(client.texts == ["a1", "b1"], "what comes in the meantime waits for its turn")

        for expected in [4, 6, 7] {
            client.takesBacklog = true
            fixture.hub.resumeBacklog(of: client)
            #expect(client.deliveries.count == expected)
        }
        #expect(client.texts == ["a1", "b1", "a2", "b2", "a3", "b3", "late"])
        #expect(client.membership.isLive)
        client.onDelivery = nil
        fixture.publish("live", on: sport)
        #expect(client.texts.last == "live")
    }

    @Test func aBacklogDroppedFromTheRingBeforeItWasTakenIsReadFromTheLog() throws {
        let fixture = HubFixture(ringEvents: 3)
        try fixture.tick(1)
        fixture.hub.leave(try fixture.join(TestSubscriber(), news))
        let position = try #require(fixture.hub.position)
        for text in ["a", "b", "c"] { fixture.record(text, on: news) }
        let client = TestSubscriber()
        client.onDelivery = { client.takesBacklog = false }
        try fixture.join(client, news, from: position)
        #expect(client.resumes == [.complete])
        for text in ["d", "e"] { fixture.record(text, on: news) }
        #expect(client.texts == ["a"])
        client.onDelivery = nil
        client.takesBacklog = true
        fixture.hub.resumeBacklog(of: client)
        fixture.broker.answer()
        #expect(client.words == ["a", "b", "c", "d", "e"])
        #expect(client.resumes == [.complete], "it is told once")
        #expect(client.membership.isLive)
        fixture.publish("live", on: news)
        #expect(client.texts.last == "live")
    }

    @Test func leavingInTheMiddleOfABacklogEndsIt() throws {
        let position = try backlog(of: 3)
        let client = TestSubscriber()
        client.onDelivery = { [hub = fixture.hub] in hub.leave(client) }
        try fixture.join(client, news, sport, from: position)
        #expect(client.texts == ["a1"])
        fixture.publish("live", on: news)
        #expect(client.texts == ["a1"])
    }

    @Test func manyWhoWaitForTheSameConfirmationAndLeaveAtOnceCostTheOthersNothing() throws {
        let clients = (0..<10).map { _ in TestSubscriber() }
        for client in clients { try fixture.hub.join(client, channels: [news], from: nil) }
        fixture.broker.settle()
        for (index, client) in clients.enumerated() where index % 2 == 0 {
            client.onDelivery = { [hub = fixture.hub] in hub.leave(client) }
        }
        fixture.publish("a", on: news)
        fixture.publish("b", on: news)
        for (index, client) in clients.enumerated() {
            #expect(client.texts == (index % 2 == 0 ? ["a"] : ["a", "b"]))
        }
    }
}

@Suite struct HubMemoryTests {
    @Test func theBoundOnAllRingsEvictsTheOldestOfAll() throws {
        let fixture = HubFixture(ringTotalBytes: 4 * (1 + Delivery.overhead))
        try fixture.tick(1)
        fixture.hub.leave(try fixture.join(TestSubscriber(), news, sport))
        var positions: [Position] = []
        for (text, channel) in [("a", news), ("b", sport), ("c", sport), ("d", sport), ("e", sport), ("f", sport)] {
            fixture.publish(text, on: channel)
            positions.append(try #require(fixture.hub.position))
        }
        #expect(fixture.hub.bytesInUse == 4 * (1 + Delivery.overhead))
        let far = try fixture.join(TestSubscriber(), news, sport, from: positions[0])
        #expect(far.resumes == [.durableOnly])
        let near = try fixture.join(TestSubscriber(), news, sport, from: positions[1])
        #expect(near.resumes == [.complete])
        #expect(near.texts == ["c", "d", "e", "f"])
    }

    @Test func framesCountAndASweepBringsThemWithinTheBound() throws {
        let fixture = HubFixture(ringTotalBytes: 4_096)
        let clients = [try fixture.join(TestSubscriber(), news), try fixture.join(TestSubscriber(), news)]
        for text in ["a", "b", "c"] { fixture.publish(text, on: news) }
        for delivery in clients[0].deliveries {
            _ = delivery.frame(FrameFormat(index: 0)) { _ in ByteBuffer(repeating: 0, count: 2_000) }
        }
        for client in clients { client.forgetDeliveries() }
        #expect(fixture.hub.bytesInUse > 4_096)
        fixture.pass(.seconds(1))
        #expect(fixture.hub.bytesInUse <= 4_096)
    }

    @Test func whatIsEncodedForOneIsKeptOnlyWhenAnotherAsks() throws {
        let fixture = HubFixture()
        let client = try fixture.join(TestSubscriber(), news)
        fixture.publish("a", on: news)
        let delivery = try #require(client.deliveries.first)
        var encodings = 0
        func ask() {
            _ = delivery.frame(FrameFormat(index: 0)) { _ in
                encodings += 1
                return ByteBuffer(repeating: 0, count: 2_000)
            }
        }
        ask()
        #expect(fixture.hub.bytesInUse == 1 + Delivery.overhead)
        for _ in 0..<3 { ask() }
        #expect(encodings == 2)
        #expect(fixture.hub.bytesInUse > 2_000)
    }

    @Test func whatAFrameIsMadeOfIsForOneToo() throws {
        let fixture = HubFixture()
        let client = try fixture.join(TestSubscriber(), news)
        fixture.publish("a", on: news)
        let delivery = try #require(client.deliveries.first)
        func ask() {
            _ = delivery.frame(FrameFormat(index: 0)) { delivery in
                delivery.frame(FrameFormat(index: 1)) { _ in ByteBuffer(repeating: 0, count: 2_000) }
            }
        }
        ask()
        #expect(fixture.hub.bytesInUse == 1 + Delivery.overhead)
        ask()
        #expect(fixture.hub.bytesInUse > 4_000)
    }

    @Test func allMemoryComesBackWhenTheLastChannelGoes() throws {
        let fixture = HubFixture()
        let client = try fixture.join(TestSubscriber(), news, sport)
        for number in 0..<100 { fixture.publish("event \(number)", on: number % 2 == 0 ? news : sport) }
        #expect(fixture.hub.bytesInUse > 100 * Delivery.overhead)
        fixture.hub.leave(client)
        client.forgetDeliveries()
        fixture.pass(.seconds(61))
        #expect(fixture.hub.bytesInUse == 0)
    }
}

@Suite struct HubLinkTests {
    let fixture = HubFixture()

    @Test func clientsStayOverALostLinkAndGetWhatComesAfterwards() throws {
        let client = try fixture.join(TestSubscriber(), news)
        fixture.broker.lose()
        #expect(!fixture.broker.publish([1], on: news))
        fixture.broker.restore()
        fixture.broker.settle()
        fixture.publish("back", on: news)
        #expect(client.texts == ["back"])
        #expect(client.resumes == [.fresh])
    }

    @Test func whoeverComesWhileTheLinkIsLostWaitsForTheNew() throws {
        try fixture.join(TestSubscriber(), news)
        fixture.broker.lose()
        let client = try fixture.join(TestSubscriber(), news)
        #expect(client.resumes.isEmpty)
        fixture.broker.restore()
        fixture.broker.settle()
        #expect(client.resumes == [.fresh])
    }
}
