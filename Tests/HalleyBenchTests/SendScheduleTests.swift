import HalleyBench
import Testing

@Suite struct SendScheduleTests {
    @Test func eventsAreDueAtEvenDistances() {
        let schedule = SendSchedule(start: 1_000, rate: 100, seconds: 2)
        #expect(schedule.total == 200)
        #expect(schedule.due(0) == 1_000)
        #expect(schedule.due(1) == 10_001_000)
        #expect(schedule.due(150) == 1_500_001_000)
    }

    @Test func aStallMovesNothing() {
        let schedule = SendSchedule(start: 0, rate: 1_000, seconds: 1)
        // Nobody looked for half a second: all that was due in it is due at its own time still.
        #expect(schedule.count(by: 500_000_000) == 501)
        #expect(schedule.due(250) == 250_000_000)
    }

    @Test func nothingIsDueBeforeTheStartNorBeyondTheEnd() {
        let schedule = SendSchedule(start: 5_000, rate: 10, seconds: 1)
        #expect(schedule.count(by: 4_999) == 0)
        #expect(schedule.count(by: 5_000) == 1)
        #expect(schedule.count(by: .max / 4) == 10)
    }

    @Test(arguments: [0.1, 3, 7, 100, 333.3, 50_000]) func whatIsCountedIsDue(rate: Double) {
        let schedule = SendSchedule(start: 123, rate: rate, seconds: 10)
        for event in stride(from: 0, to: schedule.total, by: max(1, schedule.total / 100)) {
            #expect(schedule.count(by: schedule.due(event)) == event + 1)
            if event > 0 { #expect(schedule.count(by: schedule.due(event) - 1) == event) }
        }
    }

    @Test func aWindowHoldsBackUntilEventsHaveArrived() {
        var window = SaturationWindow(window: 2, fanOut: 10)
        var sent = 0
        while window.maySend(delivered: 0), sent < 100 {
            window.sent(fanOut: 10)
            sent += 1
        }
        #expect(sent == 2)
        #expect(window.threshold == 1)
        #expect(window.maySend(delivered: 1))
        #expect(window.stalls == 0)
    }

    @Test func aWindowGivesUpWhatNeverArrives() {
        var window = SaturationWindow(window: 1, fanOut: 10)
        window.sent(fanOut: 10)
        #expect(!window.maySend(delivered: 0))
        window.stalled(delivered: 0)
        #expect(window.maySend(delivered: 0))
        #expect(window.stalls == 1)
    }

    @Test func theTallyWakesOnce() {
        let tally = Tally()
        let woken = Tally()
        tally.onThreshold { woken.add(1) }
        tally.add(5)
        #expect(woken.delivered == 0)
        tally.await(8)
        tally.add(2)
        #expect(woken.delivered == 0)
        tally.add(3)
        tally.add(3)
        #expect(woken.delivered == 1)
    }
}
