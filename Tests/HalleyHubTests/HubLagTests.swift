import HalleyHub
import Testing

import struct HalleyCore.Channel

/// Live subscribers that a burst is too fast for.
struct HubLagTests {
    private let fixture = HubFixture()

    private func live(in fixture: HubFixture, on channels: Channel...) throws -> TestSubscriber {
        let client = TestSubscriber()
        client.lagsIn = fixture.hub
        try fixture.hub.join(client, channels: channels, from: nil)
        fixture.broker.settle()
        try fixture.tick(1)
        #expect(client.membership.isLive)
        return client
    }

    private func resume(_ client: TestSubscriber, in fixture: HubFixture) {
        client.takesBacklog = true
        fixture.hub.resumeBacklog(of: client)
    }

    @Test func whatComesMeanwhileComesLaterInOrderAndOnce() throws {
        let client = try live(in: fixture, on: news, sport)
        fixture.publish("a", on: news)
        client.takesBacklog = false
        for text in ["b", "c"] {
            fixture.publish(text, on: sport)
            fixture.record(text + "!", on: news)
        }
        #expect(client.texts == ["a"])
        #expect(client.membership.isLagging)
        #expect(!client.membership.isLive)
        resume(client, in: fixture)
        #expect(client.texts == ["a", "b", "b!", "c", "c!"])
        #expect(client.membership.isLive)
        #expect(!client.membership.isLagging)
        fixture.publish("d", on: news)
        fixture.publish("e", on: sport)
        #expect(client.texts.suffix(2) == ["d", "e"])
        #expect(client.resumes.count == 1, "it is told nothing of it")
    }

    @Test func itMayFallBehindAgainAndAgain() throws {
        let client = try live(in: fixture, on: news)
        for number in 0..<100 {
            client.takesBacklog = number % 3 != 0
            fixture.publish("\(number)", on: news)
            if number % 7 == 0 { resume(client, in: fixture) }
        }
        resume(client, in: fixture)
        #expect(client.texts == (0..<100).map { "\($0)" })
    }

    @Test func othersOfTheSameFanOutMissNothing() throws {
        let clients = try (0..<20).map { _ in try live(in: fixture, on: news, sport) }
        for (index, client) in clients.enumerated() { client.takesBacklog = index % 3 == 0 }
        fixture.publish("a", on: news)
        fixture.publish("b", on: sport)
        for (index, client) in clients.enumerated() { #expect(client.texts == (index % 3 == 0 ? ["a", "b"] : [])) }
        for client in clients { resume(client, in: fixture) }
        fixture.publish("c", on: news)
        for client in clients { #expect(client.texts == ["a", "b", "c"]) }
    }

    @Test func itIsLostWhenTheRingHasDroppedWhatItLacks() throws {
        let fixture = HubFixture(ringEvents: 3)
        let client = try live(in: fixture, on: news, sport)
        client.takesBacklog = false
        for text in ["a", "b", "c"] { fixture.publish(text, on: news) }
        #expect(!fixture.hub.isLost(client))
        fixture.publish("d", on: news)
        #expect(fixture.hub.isLost(client))
        resume(client, in: fixture)
        #expect(client.texts.isEmpty, "nothing rather than some")
        #expect(!client.membership.isLive)
        fixture.hub.leave(client)
        fixture.publish("e", on: news)
        #expect(client.texts.isEmpty)
    }

    /// What the rings hold and what the lost link didn't bring are two things that it could not tell apart.
    @Test func itIsLostWithTheLink() throws {
        let client = try live(in: fixture, on: news)
        client.takesBacklog = false
        fixture.publish("a", on: news)
        fixture.broker.lose()
        #expect(fixture.hub.isLost(client))
        fixture.broker.restore()
        fixture.broker.settle()
        fixture.publish("b", on: news)
        resume(client, in: fixture)
        #expect(client.texts.isEmpty)
        #expect(fixture.hub.isLost(client))
    }

    @Test func itMayLeaveOneChannelAndGoOnWithTheOther() throws {
        let client = try live(in: fixture, on: news, sport)
        client.takesBacklog = false
        fixture.publish("a", on: news)
        fixture.publish("b", on: sport)
        fixture.hub.leave(client, news)
        resume(client, in: fixture)
        #expect(client.texts == ["b"])
        #expect(client.membership.isLive)
        fixture.publish("c", on: news)
        fixture.publish("d", on: sport)
        #expect(client.texts == ["b", "d"])
    }

    @Test func itLeavesLikeAnyOther() throws {
        let client = try live(in: fixture, on: news)
        client.takesBacklog = false
        fixture.publish("a", on: news)
        fixture.hub.leave(client)
        #expect(!client.membership.isLagging)
        fixture.pass(HubFixture.linger)
        #expect(fixture.broker.wanted.isEmpty)
        #expect(fixture.hub.bytesInUse == 0)
    }

    @Test func onlyALiveOneCanFallBehind() throws {
        let other = try live(in: fixture, on: news)
        let position = try #require(fixture.hub.position)
        fixture.publish("a", on: news)
        let delivery = try #require(other.deliveries.first)
        let client = TestSubscriber()
        #expect(!fixture.hub.lag(client, from: delivery))
        client.takesBacklog = false
        try fixture.join(client, news, from: position)
        #expect(!client.membership.isLive)
        #expect(!fixture.hub.lag(client, from: delivery))
        #expect(!client.membership.isLagging)
        resume(client, in: fixture)
        #expect(client.texts == ["a"])
    }
}
