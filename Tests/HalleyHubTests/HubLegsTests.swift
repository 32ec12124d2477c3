import HalleyCore
import HalleyHub
import NIOCore
import Testing

/// Channels that come to a standing subscriber by a leg, and go from it.
@Suite struct HubLegsTests {
    let fixture = HubFixture()

    @Test func aLiveLegIsAbsorbed() throws {
        let main = try fixture.join(TestSubscriber(), news)
        let leg = try fixture.join(TestSubscriber(), sport)
        fixture.publish("1", on: sport)
        #expect(fixture.hub.absorb(leg, into: main) == [sport])
        fixture.publish("2", on: sport)
        fixture.publish("3", on: news)
        #expect(leg.texts == ["1"])
        #expect(main.texts == ["2", "3"])
        #expect(main.membership.isLive)
        fixture.hub.leave(leg)
        fixture.hub.leave(main)
        fixture.pass(.seconds(60))
        #expect(fixture.broker.wanted.isEmpty)
    }

    @Test func onlyWhereBothAreLive() throws {
        let main = try fixture.join(TestSubscriber(), news)
        let leg = TestSubscriber()
        try fixture.hub.join(leg, channels: [sport], from: nil)
        #expect(fixture.hub.absorb(leg, into: main) == nil)
        fixture.broker.settle()
        fixture.broker.lose()
        #expect(fixture.hub.absorb(leg, into: main) == nil)
        fixture.broker.restore()
        fixture.broker.settle()
        #expect(fixture.hub.absorb(leg, into: main) == [sport])
    }

    @Test func whoHasNoChannelTakesALegWhole() throws {
        let main = TestSubscriber()
        let leg = try fixture.join(TestSubscriber(), sport, news)
        #expect(fixture.hub.absorb(leg, into: main) == [sport, news])
        fixture.publish("1", on: news)
        #expect(main.texts == ["1"])
        fixture.broker.lose()
        fixture.broker.restore()
        fixture.broker.settle()
        #expect(main.membership.isLive)
    }

    @Test func theSeatsOfOthersStay() throws {
        let others = try (0..<5).map { _ in try fixture.join(TestSubscriber(), news, sport) }
        let main = try fixture.join(TestSubscriber(), news)
        let leg = try fixture.join(TestSubscriber(), sport)
        _ = try fixture.join(TestSubscriber(), sport)
        fixture.hub.leave(others[1])
        _ = fixture.hub.absorb(leg, into: main)
        fixture.hub.leave(others[3], news)
        fixture.hub.leave(others[0])
        fixture.publish("n", on: news)
        fixture.publish("s", on: sport)
        #expect(main.texts == ["n", "s"])
        #expect(others.map(\.texts) == [[], [], ["n", "s"], ["s"], ["n", "s"]])
    }

    @Test func oneChannelIsLeftAndTheOthersGoOn() throws {
        let client = try fixture.join(TestSubscriber(), news, sport, weather)
        fixture.hub.leave(client, news)
        fixture.hub.leave(client, news)
        for channel in [news, sport, weather] { fixture.publish(channel.name, on: channel) }
        #expect(client.texts == ["sport", "weather"])
        fixture.hub.leave(client, sport)
        fixture.hub.leave(client, weather)
        #expect(!client.membership.isLive)
        fixture.pass(.seconds(60))
        #expect(fixture.broker.wanted.isEmpty)
    }

    @Test func theOneThatWasWaitedForIsLeft() throws {
        let client = TestSubscriber()
        try fixture.tick(5)
        try fixture.hub.join(client, channels: [news, sport], from: nil)
        fixture.broker.confirm(1)
        fixture.broker.answer()
        #expect(client.resumes.isEmpty)
        fixture.hub.leave(client, sport)
        #expect(client.resumes == [.fresh])
        fixture.publish("1", on: news)
        #expect(client.texts == ["1"])
    }

    /// Nothing is waited for, and nothing comes, of a log that nobody wants any more.
    @Test func aLogThatIsBeingReadIsLeft() throws {
        try fixture.tick(5)
        let start = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        fixture.record("s", on: sport)
        fixture.record("n", on: news)
        let client = TestSubscriber()
        try fixture.hub.join(client, channels: [sport, news], from: start)
        fixture.broker.confirm()
        fixture.broker.answerMark()
        #expect(client.texts == [])
        fixture.hub.leave(client, sport)
        fixture.broker.answer()
        #expect(client.texts == ["n"])
        #expect(client.membership.isLive)
        #expect(client.resumes == [.durableOnly])
    }

    @Test func leftInTheMidstOfABacklog() throws {
        try fixture.tick(5)
        let start = Position(id: fixture.broker.clock, era: fixture.broker.born.era)
        for number in 0..<6 { fixture.record("\(number)", on: number % 2 == 0 ? news : sport) }
        let client = TestSubscriber()
        client.onDelivery = { client.takesBacklog = client.deliveries.count != 2 }
        try fixture.hub.join(client, channels: [news, sport], from: start)
        fixture.broker.settle()
        #expect(client.texts == ["0", "1"])
        fixture.hub.leave(client, news)
        client.takesBacklog = true
        fixture.hub.resumeBacklog(of: client)
        #expect(client.texts == ["0", "1", "3", "5"])
        #expect(client.membership.isLive)
    }
}
