import HalleyCoordinator
import Testing

struct RequestPaceTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func `a request in time, answered, and another`() {
        var pace = RequestPace(now: at(0))
        for round in 0..<3 {
            let begin = Double(round) * 50
            pace.bytesCame(now: at(begin + 1))
            pace.headCame(now: at(begin + 2))
            pace.requestEnded(now: at(begin + 3))
            #expect(pace.deadline == nil)
            #expect(!pace.endsWithAnswer)
            #expect(pace.answerWritten(now: at(begin + 20)) == .none)
            #expect(pace.deadline == at(begin + 80))
        }
    }

    @Test func `a socket that says nothing is closed after a minute`() {
        var pace = RequestPace(now: at(0))
        #expect(pace.timeout(now: at(59)) == .none)
        #expect(pace.timeout(now: at(60)) == .close)
    }

    @Test func `a head that trickles is refused after ten seconds, however often a byte comes`() {
        var pace = RequestPace(now: at(0))
        for second in 1...10 { pace.bytesCame(now: at(Double(second))) }
        #expect(pace.timeout(now: at(10.9)) == .none)
        #expect(pace.timeout(now: at(11)) == .refuse)
        #expect(pace.isLingering)
        #expect(pace.timeout(now: at(13)) == .close)
    }

    @Test func `a body that trickles fails its reader ten seconds after the first byte of all`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        pace.headCame(now: at(5))
        for second in 6...9 { pace.bytesCame(now: at(Double(second))) }
        #expect(pace.timeout(now: at(10)) == .failReader)
        #expect(pace.endsWithAnswer)
        #expect(pace.answerWritten(now: at(10.1)) == .linger)
        #expect(pace.timeout(now: at(12)) == .none)
        #expect(pace.timeout(now: at(12.1)) == .close)
    }

    @Test func `a reader that doesn't answer after that is cut off`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        pace.headCame(now: at(0))
        #expect(pace.timeout(now: at(10)) == .failReader)
        #expect(pace.timeout(now: at(12)) == .close)
    }

    @Test func `an answer before the request's end closes the connection, gently`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        pace.headCame(now: at(0))
        #expect(pace.endsWithAnswer)
        #expect(pace.answerWritten(now: at(1)) == .linger)
        #expect(pace.isLingering)
    }

    @Test func `requests that come at once are answered one by one`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        for _ in 0..<3 {
            pace.headCame(now: at(0))
            pace.requestEnded(now: at(0))
        }
        #expect(pace.unanswered == 3)
        for _ in 0..<3 { #expect(pace.answerWritten(now: at(1)) == .none) }
        #expect(pace.deadline == at(61))
    }

    @Test func `what is no HTTP is answered once, and never into another answer`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        #expect(pace.parsingFailed(now: at(1)) == .refuse)
        #expect(pace.parsingFailed(now: at(1)) == .none)

        var busy = RequestPace(now: at(0))
        busy.bytesCame(now: at(0))
        busy.headCame(now: at(0))
        busy.requestEnded(now: at(0))
        busy.bytesCame(now: at(1))
        #expect(busy.parsingFailed(now: at(1)) == .failReader)
        #expect(busy.parsingFailed(now: at(1)) == .none)
        #expect(busy.answerWritten(now: at(2)) == .linger)
    }

    @Test func `a head that isn't handed on is answered here, unless an answer is due before it`() {
        var pace = RequestPace(now: at(0))
        pace.bytesCame(now: at(0))
        pace.headCame(now: at(0))
        #expect(pace.refused(now: at(0)) == .refuse)

        var busy = RequestPace(now: at(0))
        busy.bytesCame(now: at(0))
        busy.headCame(now: at(0))
        busy.requestEnded(now: at(0))
        busy.headCame(now: at(0))
        #expect(busy.refused(now: at(0)) == .close)
    }
}
