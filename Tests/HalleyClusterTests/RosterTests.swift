import HalleyCluster
import HalleyCore
import Testing

struct RosterTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func ready(_ numbers: Int...) -> [WorkerID: WorkerRecord.State] {
        Dictionary(uniqueKeysWithValues: numbers.map { (worker($0), .ready) })
    }

    @Test func `who registers is alive, whose record is gone is dead`() {
        var roster = Roster(leases: .standard)
        #expect(roster.observe(ready(1, 2, 3), now: at(0)) == workers(1...3))
        #expect(roster.observe(ready(1, 3), now: at(1)) == [worker(1), worker(3)])
        #expect(!roster.isKeeping(now: at(1)))
    }

    @Test func `a draining worker owns nothing`() {
        var roster = Roster(leases: .standard)
        var records = ready(1, 2, 3)
        #expect(roster.observe(records, now: at(0)).count == 3)
        records[worker(2)] = .draining
        #expect(roster.observe(records, now: at(1)) == [worker(1), worker(3)])
    }

    @Test func `after a loss of Redis the first worker back is not the only one alive`() {
        var roster = Roster(leases: .standard)
        _ = roster.observe(ready(1, 2, 3), now: at(0))
        roster.lost()
        #expect(roster.isKeeping(now: at(60)))
        #expect(roster.observe([:], now: at(100)) == workers(1...3))
        #expect(roster.observe(ready(2), now: at(101)) == workers(1...3))
        #expect(roster.observe(ready(1, 2), now: at(108.9)) == workers(1...3))
        // Lease and two heartbeats after Redis was back, who hasn't come is dead.
        #expect(roster.observe(ready(1, 2), now: at(109)) == workers(1...2))
    }

    @Test func `a second loss begins the grace anew`() {
        var roster = Roster(leases: .standard)
        _ = roster.observe(ready(1, 2), now: at(0))
        roster.lost()
        _ = roster.observe(ready(1), now: at(1))
        roster.lost()
        #expect(roster.observe(ready(1), now: at(9)) == workers(1...2))
        #expect(roster.observe(ready(1), now: at(17.9)) == workers(1...2))
        #expect(roster.observe(ready(1), now: at(18)) == workers(1...1))
    }

    @Test func `a worker that comes during the grace gets shards, one that drains gets none`() {
        var roster = Roster(leases: .standard)
        _ = roster.observe(ready(1, 2), now: at(0))
        roster.lost()
        #expect(roster.observe(ready(4), now: at(1)) == [worker(1), worker(2), worker(4)])
        #expect(roster.observe([worker(1): .draining, worker(4): .ready], now: at(2)) == [worker(2), worker(4)])
    }

    @Test func `all workers gone at once are a Redis that came back empty`() {
        var roster = Roster(leases: .standard)
        _ = roster.observe(ready(1, 2, 3), now: at(0))
        #expect(roster.observe([:], now: at(1)) == workers(1...3))
        #expect(roster.observe(ready(3), now: at(2)) == workers(1...3))
        #expect(roster.observe(ready(3), now: at(10)) == workers(3...3))
    }

    @Test func `workers that never come back give way in the end`() {
        var roster = Roster(leases: .standard)
        _ = roster.observe(ready(1), now: at(0))
        #expect(roster.observe(ready(2), now: at(1)) == workers(1...2))
        #expect(roster.observe(ready(2), now: at(5)) == workers(1...2))
        #expect(roster.observe(ready(2), now: at(10)) == workers(2...2))
    }

    @Test func `a coordinator that finds a map keeps its owners for the grace`() {
        var roster = Roster(leases: .standard, owners: workers(1...3))
        #expect(roster.isKeeping(now: at(0)))
        #expect(roster.observe(ready(1), now: at(0)) == workers(1...3))
        #expect(roster.observe(ready(1, 2), now: at(9)) == workers(1...2))
    }

    @Test func `without a map the first worker gets everything at once`() {
        var roster = Roster(leases: .standard)
        #expect(roster.observe(ready(1), now: at(0)) == workers(1...1))
    }

    @Test func `the last moments of a lease lie between two missed heartbeats and its end`() {
        let standard = LeaseTimes.standard
        #expect(standard.lastMoments == .milliseconds(750))
        #expect(standard.lastMoments < standard.lease - standard.heartbeat * 2)
        #expect(LeaseTimes(lease: .seconds(2), heartbeat: .seconds(1)).lastMoments == .milliseconds(100))
    }
}
