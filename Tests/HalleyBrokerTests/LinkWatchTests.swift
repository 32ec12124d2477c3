import HalleyBroker
import HalleyCore
import NIOCore
import Testing

@Suite struct LinkWatchTests {
    /// What can happen to a link, at a time in milliseconds.
    enum Happening: Sendable {
        case connected, subscribed, lost, pinged, ponged
        /// A tick came: id and era.
        case ticked(UInt64, String)
        /// `halley_tick` answered: the last tick's id and era, whether the call published it, and when it was sent.
        case acknowledged(UInt64, String, published: Bool, called: Int64)
    }

    struct Story: Sendable, CustomTestStringConvertible {
        let name: String
        let happenings: [(Int64, Happening)]
        /// When the link is found dead, in milliseconds; `nil` when it isn't.
        let death: Int64?

        var testDescription: String { name }
    }

    static let stories: [Story] = [
        Story(name: "nothing awaited, nothing dead", happenings: [(0, .connected), (10, .subscribed)], death: nil),
        Story(
            name: "an acknowledged tick doesn't arrive",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
            ], death: 3_100),
        Story(
            name: "it arrives just in time",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
                (3_099, .ticked(5, "aaaaaa")),
            ], death: nil),
        Story(
            name: "it arrives before the acknowledgement",
            happenings: [
                (0, .connected), (10, .subscribed), (95, .ticked(5, "aaaaaa")),
                (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
            ], death: nil),
        Story(
            name: "a later tick will do",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
                (1_100, .ticked(6, "aaaaaa")),
            ], death: nil),
        Story(
            name: "an earlier one won't",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
                (110, .ticked(4, "aaaaaa")),
            ], death: 3_100),
        Story(
            name: "the oldest of several counts",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
                (1_100, .acknowledged(6, "aaaaaa", published: true, called: 1_090)),
                (2_100, .acknowledged(7, "aaaaaa", published: true, called: 2_090)), (2_200, .ticked(5, "aaaaaa")),
            ], death: 4_100),
        Story(
            name: "another's tick that may be older than the subscription isn't awaited",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: false, called: 90)),
                (200, .acknowledged(5, "aaaaaa", published: false, called: 190)),
            ], death: nil),
        Story(
            name: "another's tick after the first look is awaited",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: false, called: 90)),
                (1_100, .acknowledged(6, "aaaaaa", published: false, called: 1_090)),
            ], death: 4_100),
        Story(
            name: "a call sent before the subscription proves nothing",
            happenings: [
                (0, .connected), (100, .subscribed), (110, .acknowledged(5, "aaaaaa", published: true, called: 90)),
            ], death: nil),
        Story(
            name: "without a subscription nothing is awaited",
            happenings: [(0, .connected), (100, .acknowledged(5, "aaaaaa", published: true, called: 90))], death: nil),
        Story(
            name: "a PING goes unanswered", happenings: [(0, .connected), (50, .pinged), (1_050, .pinged)], death: 3_050
        ),
        Story(
            name: "a PING is answered", happenings: [(0, .connected), (50, .pinged), (3_049, .ponged)], death: nil),
        Story(
            name: "a new link owes nothing",
            happenings: [
                (0, .connected), (10, .subscribed), (50, .pinged),
                (100, .acknowledged(5, "aaaaaa", published: true, called: 90)), (200, .lost), (300, .connected),
            ], death: nil),
        Story(
            name: "a new era's tick ends what was awaited of the old",
            happenings: [
                (0, .connected), (10, .subscribed), (100, .acknowledged(5, "aaaaaa", published: true, called: 90)),
                (500, .ticked(3, "bbbbbb")),
            ], death: nil),
        Story(
            name: "an answer of the old era that was overtaken by the new",
            happenings: [
                (0, .connected), (10, .subscribed), (20, .ticked(4, "aaaaaa")), (500, .ticked(9, "bbbbbb")),
                (510, .acknowledged(5, "aaaaaa", published: true, called: 490)),
            ], death: nil),
        Story(
            name: "a new era is acknowledged and its tick doesn't come",
            happenings: [
                (0, .connected), (10, .subscribed), (20, .ticked(4, "aaaaaa")),
                (500, .acknowledged(9, "bbbbbb", published: true, called: 490)), (900, .ticked(5, "aaaaaa")),
            ], death: nil),
        Story(
            name: "deaf after the link had heard",
            happenings: [
                (0, .connected), (10, .subscribed), (90, .ticked(4, "aaaaaa")),
                (100, .acknowledged(4, "aaaaaa", published: true, called: 80)),
                (1_100, .acknowledged(5, "aaaaaa", published: false, called: 1_080)),
            ], death: 4_100),
    ]

    private static let epoch = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private static func time(_ milliseconds: Int64) -> NIODeadline { epoch + .milliseconds(milliseconds) }

    private static func mark(_ id: UInt64, _ era: String) -> Watermark {
        guard let era = Era(era) else { fatalError("\(era) is no era") }
        return Watermark(id: EventID(milliseconds: id, counter: 0), era: era)
    }

    private static func apply(_ happening: Happening, at now: Int64, to watch: inout LinkWatch) {
        switch happening {
        case .connected: watch.connected()
        case .subscribed: watch.subscribed(now: time(now))
        case .lost: watch.lost("the test says so")
        case .pinged: watch.pinged(now: time(now))
        case .ponged: watch.ponged()
        case .ticked(let id, let era): watch.ticked(mark(id, era), now: time(now))
        case .acknowledged(let id, let era, let published, let called):
            watch.acknowledged(
                .init(last: mark(id, era), wasPublished: published), called: time(called), now: time(now))
        }
    }

    @Test(arguments: stories) func findsTheDead(story: Story) {
        var watch = LinkWatch()
        for (now, happening) in story.happenings {
            #expect(watch.verdict(now: Self.time(now)) == nil, "dead before \(happening)")
            Self.apply(happening, at: now, to: &watch)
        }
        if let death = story.death {
            #expect(watch.deadline == Self.time(death))
            #expect(watch.verdict(now: Self.time(death - 1)) == nil)
            #expect(watch.verdict(now: Self.time(death)) != nil)
        } else {
            #expect(watch.deadline == nil)
            #expect(watch.verdict(now: Self.time(1_000_000)) == nil)
        }
    }

    @Test func isReadyFromItsFirstTickOn() {
        var watch = LinkWatch()
        #expect(watch.complaint(now: Self.time(0)) == "the pub/sub link to Redis is down: not connected yet")
        watch.connected()
        #expect(watch.complaint(now: Self.time(1)) == "the pub/sub link to Redis isn't subscribed yet")
        watch.subscribed(now: Self.time(2))
        #expect(watch.complaint(now: Self.time(3)) == "no tick has come over the pub/sub link yet")
        watch.ticked(Self.mark(1, "aaaaaa"), now: Self.time(4))
        #expect(watch.complaint(now: Self.time(5)) == nil)
        #expect(watch.complaint(now: Self.time(3_004)) == nil)
        #expect(watch.complaint(now: Self.time(3_104)) == "the last tick came 3100 ms ago")
        watch.pinged(now: Self.time(10))
        #expect(
            watch.complaint(now: Self.time(3_010))
                == "the pub/sub link to Redis is deaf: PING wasn't answered within 3000 ms")
        watch.lost("closed by Redis")
        #expect(watch.complaint(now: Self.time(6_000)) == "the pub/sub link to Redis is down: closed by Redis")
        watch.connected()
        watch.subscribed(now: Self.time(6_100))
        #expect(watch.complaint(now: Self.time(6_200)) != nil)
        watch.ticked(Self.mark(2, "aaaaaa"), now: Self.time(6_300))
        #expect(watch.complaint(now: Self.time(6_400)) == nil)
    }

    @Test func remembersWhatRedisMayForget() {
        var watch = LinkWatch()
        #expect(watch.newest == nil)
        watch.connected()
        watch.subscribed(now: Self.time(0))
        watch.ticked(Self.mark(500, "aaaaaa"), now: Self.time(1))
        // An id below the watermark is a new era's, and becomes the watermark. What was seen stays seen.
        watch.ticked(Self.mark(7, "bbbbbb"), now: Self.time(2))
        #expect(watch.watermark == Self.mark(7, "bbbbbb"))
        #expect(watch.newest == EventID(milliseconds: 500, counter: 0))
        watch.lost("the test says so")
        #expect(watch.watermark == nil)
        watch.acknowledged(
            .init(last: Self.mark(600, "bbbbbb"), wasPublished: true), called: Self.time(3), now: Self.time(4))
        #expect(watch.newest == EventID(milliseconds: 600, counter: 0))
    }
}
