import HalleyCluster
import Testing

struct LeadershipTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test func `a free lease elects, a held one doesn't`() {
        var leadership = Leadership(lease: .seconds(5))
        #expect(!leadership.leads(now: at(0)))
        #expect(leadership.answered(.held, sentAt: at(0), now: at(0)) == .none)
        #expect(leadership.answered(.acquired, sentAt: at(1), now: at(1.2)) == .elected)
        #expect(leadership.leads(now: at(1.2)))
    }

    @Test func `the term counts from before the request, and ends before the lease does`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(2))
        #expect(leadership.leads(now: at(4.4)))
        #expect(!leadership.leads(now: at(4.5)))
    }

    @Test func `renewals go on without a change`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(0))
        for second in 1..<100 {
            #expect(leadership.answered(.renewed, sentAt: at(Double(second)), now: at(Double(second))) == .none)
            #expect(leadership.leads(now: at(Double(second) + 4)))
        }
    }

    @Test func `a silent Redis ends the term, whatever was believed`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(0))
        #expect(!leadership.leads(now: at(600)))
        // Paused for long, and another led and left meanwhile: everything known is stale.
        #expect(leadership.answered(.acquired, sentAt: at(600), now: at(600)) == .elected)
    }

    @Test func `another's lease deposes at once`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(0))
        #expect(leadership.answered(.held, sentAt: at(1), now: at(1)) == .deposed)
        #expect(!leadership.leads(now: at(1)))
        #expect(leadership.answered(.held, sentAt: at(2), now: at(2)) == .none)
    }

    @Test func `a lease that vanished before its time tells of lost data`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(0))
        #expect(leadership.answered(.acquired, sentAt: at(1), now: at(1)) == .restored)
        #expect(leadership.leads(now: at(2)))
    }

    @Test func `who resigns leads no more, and is elected anew`() {
        var leadership = Leadership(lease: .seconds(5))
        _ = leadership.answered(.acquired, sentAt: at(0), now: at(0))
        leadership.resign()
        #expect(!leadership.leads(now: at(0.1)))
        #expect(leadership.answered(.renewed, sentAt: at(0.2), now: at(0.2)) == .elected)
    }
}
