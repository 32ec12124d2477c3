import HalleyRedis
import NIOCore
import Testing

@Suite struct ReconnectStateTests {
    private let epoch = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func makeState() -> ReconnectState {
        ReconnectState(backoff: Backoff(base: .milliseconds(100), cap: .milliseconds(800)))
    }

    @Test func connectsOnce() {
        var state = makeState()
        #expect(state.start() == .connect)
        #expect(state.start() == .nothing)
        #expect(state.opened(now: epoch) == .nothing)
        #expect(state.start() == .nothing)
    }

    @Test func triesForEver() {
        var state = makeState()
        _ = state.start()
        for attempt in 0..<1_000 {
            let longest = min(100 << min(attempt, 10), 800)
            #expect(state.failed(random: 0.5) == .wait(.milliseconds(Int64(longest / 2))))
            #expect(state.waited() == .connect)
        }
    }

    @Test func forgetsFailuresWhenAConnectionLasted() {
        var state = makeState()
        _ = state.start()
        for _ in 0..<5 {
            _ = state.failed(random: 0.5)
            _ = state.waited()
        }
        _ = state.opened(now: epoch)
        #expect(state.lost(now: epoch + .seconds(1), random: 0.5) == .wait(.milliseconds(50)))
    }

    @Test func takesASwiftLossForAFailure() {
        var state = makeState()
        _ = state.start()
        var waits: [TimeAmount] = []
        for _ in 0..<5 {
            _ = state.opened(now: epoch)
            guard case .wait(let delay) = state.lost(now: epoch + .milliseconds(5), random: 0.5) else { continue }
            waits.append(delay)
            _ = state.waited()
        }
        #expect(waits == [50, 100, 200, 400, 400].map { .milliseconds($0) })
    }

    @Test func discardsWhatComesAfterTheEnd() {
        var state = makeState()
        _ = state.start()
        state.close()
        #expect(state.isClosed)
        #expect(state.opened(now: epoch) == .discard)
        #expect(state.failed(random: 0.5) == .nothing)
        #expect(state.waited() == .nothing)
        #expect(state.lost(now: epoch, random: 0.5) == .nothing)
        #expect(state.start() == .nothing)
    }
}
