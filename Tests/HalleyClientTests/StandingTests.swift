import HalleyClient
import Testing

@Suite struct StandingTests {
    /// `#expect` takes no calls that change a value.
    private final class Subject {
        private var standing: Standing
        init(position: String?) { standing = Standing(position: position) }
        var position: String? { standing.position }
        func begin() { standing.begin() }
        func admits(_ message: HalleyClient.Message) -> Bool { standing.admits(message) }
    }

    private func event(_ id: String?, _ position: String?) -> HalleyClient.Message {
        let id = id.map { "\"id\":\"\($0)\"," } ?? ""
        let position = position.map { "\"position\":\"\($0)\"," } ?? ""
        let text = Array("{\(id)\(position)\"channel\":\"a\",\"data\":1}".utf8)
        let message = text.withUnsafeBytes { bytes in try? HalleyClient.Message(JSONMessage.read(bytes)) }
        return message ?? .position("broken")
    }

    private let live = "~0123456789abcdef."

    @Test func thePositionMovesWithEverythingThatHasOne() {
        let standing = Subject(position: nil)
        standing.begin()
        let messages: [(HalleyClient.Message, String?)] = [
            (.state(.open(.fresh)), nil), (.position("1-0.aaaaaa"), "1-0.aaaaaa"),
            (event("2-0", "2-0.aaaaaa"), "2-0.aaaaaa"),
            (event(nil, nil), "2-0.aaaaaa"),
            (.gap(.init(channel: "a", from: "1-0", to: "3-0", position: "3-0.aaaaaa")), "3-0.aaaaaa"),
        ]
        for (message, position) in messages {
            #expect(standing.admits(message))
            #expect(standing.position == position)
        }
        #expect(!standing.admits(.position("3-0.aaaaaa")), "it says nothing new")
    }

    @Test func durableEventsThatWereHadAreDropped() {
        let standing = Subject(position: "5-0.aaaaaa")
        standing.begin()
        #expect(!standing.admits(event("4-0", "4-0.aaaaaa")))
        #expect(!standing.admits(event("5-0", "5-0.aaaaaa")))
        #expect(standing.position == "5-0.aaaaaa", "what is dropped moves nothing")
        #expect(standing.admits(event("5-1", "5-1.aaaaaa")))
    }

    @Test func anIDOfAnotherEraIsNotCompared() {
        let standing = Subject(position: "5-0.aaaaaa")
        standing.begin()
        #expect(standing.admits(event("3-0", "3-0.bbbbbb")))
    }

    @Test func liveEventsThatWereHadAreDroppedOnTheSameWorkerAlone() {
        let standing = Subject(position: "5-0.aaaaaa\(live)7")
        standing.begin()
        #expect(!standing.admits(event(nil, "5-0.aaaaaa\(live)7")))
        #expect(standing.admits(event(nil, "5-0.aaaaaa\(live)8")))
        #expect(standing.admits(event(nil, "5-0.aaaaaa~ffffffffffffffff.3")))
    }

    @Test func aDurableEventThatCameWithoutAPositionIsNotTakenTwice() {
        let standing = Subject(position: "5-0.aaaaaa")
        standing.begin()
        #expect(standing.admits(event("6-0", nil)))
        standing.begin()
        #expect(!standing.admits(event("6-0", "6-0.aaaaaa")))
        #expect(standing.admits(event("7-0", "7-0.aaaaaa")))
    }

    @Test func aPositionOfALaterKindIsKeptAndNotUnderstood() {
        let standing = Subject(position: "1-0.aaaaaa,2-0.bbbbbb")
        standing.begin()
        #expect(standing.admits(event("1-0", "1-0.aaaaaa,2-1.bbbbbb")))
        #expect(standing.position == "1-0.aaaaaa,2-1.bbbbbb")
    }

    @Test func waitsGrowAndAreSpread() {
        var retry = Retry(first: .seconds(1), longest: .seconds(30))
        let waits = (0..<7).map { _ in retry.next(random: 1) }
        #expect(waits == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        let none = retry.next(random: 0)
        #expect(none == .zero)
        let many = (0..<100).map { _ in retry.next(random: 0.5) }
        #expect(many.allSatisfy { $0 == .seconds(15) })
        retry.reset()
        let first = retry.next(random: 0.5)
        #expect(first == .milliseconds(500))
    }
}
