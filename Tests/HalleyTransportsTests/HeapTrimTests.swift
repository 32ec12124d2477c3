import HalleyTransports
import NIOCore
import Testing

@Suite struct HeapTrimTests {
    /// The seconds at which a trim is due, when so many are held in each.
    private func due(_ held: [Int]) -> [Int] {
        var trim = HeapTrim()
        return held.indices.filter { second in
            trim.isDue(held: held[second], now: .uptimeNanoseconds(0) + .seconds(Int64(second)))
        }
    }

    @Test func aFallThatLastsIsDueOnce() {
        #expect(due([5_000, 100, 200, 200, 200, 200, 200, 100, 90, 0, 90, 0, 90, 0, 90]) == [6])
    }

    @Test func whoComesBackInTimeCancelsIt() {
        #expect(due([5_000, 0, 0, 4_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]) == [9])
    }

    @Test func nobodyLeftIsAFall() {
        #expect(due([100, 0, 0, 0, 0, 0, 0, 0]) == [6])
        #expect(due([99, 0, 0, 0, 0, 0, 0, 0]).isEmpty)
    }

    @Test(arguments: [(1_900, 950), (5_000, 2_600), (1_999, 1_000)])
    func aSmallFallIsNone(peak: Int, held: Int) {
        #expect(due([peak] + Array(repeating: held, count: 30)).isEmpty)
    }
}
