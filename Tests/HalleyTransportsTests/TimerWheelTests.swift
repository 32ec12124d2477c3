import HalleyTransports
import SeededRandom
import Testing

@Suite struct TimerWheelTests {
    private final class Rider: WheelRider {
        var wheelSeat = WheelSeat()
        var visits = 0
    }

    @Test func everyRiderIsVisitedOnceInARevolution() {
        var wheel = TimerWheel<Rider>(slots: 20)
        let riders = (0..<47).map { _ in Rider() }
        for rider in riders { wheel.add(rider) }
        for _ in 0..<20 { for rider in wheel.turn() { rider.visits += 1 } }
        #expect(riders.allSatisfy { $0.visits == 1 })
    }

    @Test func ridersAreSpreadEvenly() {
        var wheel = TimerWheel<Rider>(slots: 20)
        for _ in 0..<1_000 { wheel.add(Rider()) }
        for _ in 0..<20 {
            let riders = wheel.turn()
            #expect(riders.count == 50)
        }
    }

    @Test func removingTwiceOrAStrangerIsHarmless() {
        var wheel = TimerWheel<Rider>(slots: 2)
        let rider = Rider()
        wheel.remove(rider)
        wheel.add(rider)
        wheel.remove(rider)
        wheel.remove(rider)
        #expect(wheel.count == 0)
    }

    @Test func aVisitMayEndInRemoval() {
        var wheel = TimerWheel<Rider>(slots: 1)
        for _ in 0..<10 { wheel.add(Rider()) }
        var visits = 0
        for rider in wheel.turn() {
            visits += 1
            wheel.remove(rider)
        }
        #expect(visits == 10)
        #expect(wheel.count == 0)
    }

    @Test func nobodyIsKeptAlive() {
        weak var gone: Rider?
        var wheel = TimerWheel<Rider>(slots: 3)
        do {
            let rider = Rider()
            gone = rider
            wheel.add(rider)
            wheel.remove(rider)
        }
        #expect(gone == nil)
        #expect(wheel.count == 0)
    }

    @Test(arguments: 0..<50)
    func visitsExactlyThoseWhoRide(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var wheel = TimerWheel<Rider>(slots: 7)
        var riding: [Rider] = []
        for _ in 0..<500 {
            if random.oneIn(3), !riding.isEmpty {
                wheel.remove(riding.remove(at: Int.random(in: 0..<riding.count, using: &random)))
            } else {
                let rider = Rider()
                wheel.add(rider)
                riding.append(rider)
            }
            #expect(wheel.count == riding.count)
        }
        for _ in 0..<7 { for rider in wheel.turn() { rider.visits += 1 } }
        #expect(riding.allSatisfy { $0.visits == 1 })
    }
}
