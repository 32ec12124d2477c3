import HalleyTransports
import NIOCore
import Testing

struct StallWatchTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func watch(untaken: Int) -> StallWatch {
        StallWatch(untaken: untaken, now: start, bound: .seconds(10))
    }

    @Test func whoTakesNothingIsFoundOut() {
        let watch = watch(untaken: 1_000)
        for second in 1..<10 { #expect(!watch.isOver(untaken: 1_000, now: start + .seconds(Int64(second)))) }
        #expect(watch.isOver(untaken: 1_000, now: start + .seconds(10)))
    }

    @Test func aByteNowAndThenIsEnough() {
        let watch = watch(untaken: 1_000)
        for round in 1...20 { #expect(!watch.isOver(untaken: 1_000 - round, now: start + .seconds(Int64(round * 9)))) }
        #expect(!watch.isOver(untaken: 980, now: start + .seconds(189)))
        #expect(watch.isOver(untaken: 980, now: start + .seconds(190)))
    }

    /// What waits grows, for more comes than it takes.
    @Test func whoTakesLessThanComesTakesSomething() {
        let watch = watch(untaken: 1_000)
        for second in 1...60 {
            watch.gave(60)
            #expect(!watch.isOver(untaken: 1_000 + second * 10, now: start + .seconds(Int64(second))))
        }
        for second in 61..<70 {
            watch.gave(60)
            #expect(!watch.isOver(untaken: 1_600 + (second - 60) * 60, now: start + .seconds(Int64(second))))
        }
        #expect(watch.isOver(untaken: 2_140, now: start + .seconds(70)))
    }
}
