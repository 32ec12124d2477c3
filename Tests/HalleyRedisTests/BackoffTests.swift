import HalleyRedis
import NIOCore
import Testing

@Suite struct BackoffTests {
    @Test func doublesUpToTheCap() {
        var backoff = Backoff(base: .milliseconds(50), cap: .milliseconds(800))
        let longest = (0..<7).map { _ in backoff.next(random: 1.0.nextDown).nanoseconds / 1_000_000 }
        #expect(longest.map { $0 + 1 } == [50, 100, 200, 400, 800, 800, 800])
    }

    @Test func isProportionalToChance() {
        for (random, expected) in [(0.0, 1), (0.25, 25), (0.5, 50)] {
            var backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
            #expect(backoff.next(random: random) == .milliseconds(Int64(expected)))
        }
    }

    @Test func startsAnewAfterReset() {
        var backoff = Backoff(base: .milliseconds(50), cap: .seconds(1))
        for _ in 0..<5 { _ = backoff.next(random: 0.5) }
        #expect(backoff.failures == 5)
        backoff.reset()
        #expect(backoff.next(random: 0.5) == .milliseconds(25))
    }

    @Test func survivesYears() {
        var backoff = Backoff(base: .hours(1), cap: .hours(2))
        for _ in 0..<1_000 { #expect(backoff.next(random: 0.999) <= .hours(2)) }
    }
}
