import HalleyHub
import NIOCore
import Testing

@Suite struct DeliveryTests {
    private let budget = RingBudget(limit: 1_000)

    private func delivery(bytes: Int = 10) -> Delivery {
        Delivery(channel: news, payload: Array(repeating: 0, count: bytes), position: nil, count: 1, budget: budget)
    }

    @Test func isEncodedOnceForEachFormat() {
        let delivery = delivery()
        var encodings = 0
        let encode: (Delivery) -> ByteBuffer = { _ in
            encodings += 1
            return ByteBuffer(string: "encoding \(encodings)")
        }
        let first = [0, 5, 0, 5, 13, 0].map { delivery.frame(FrameFormat(index: $0), encode: encode) }
        #expect(
            first.map { String(buffer: $0) }
                == ["encoding 1", "encoding 2", "encoding 1", "encoding 2", "encoding 3", "encoding 1"])
        #expect(encodings == 3)
    }

    @Test func everyFrameHasTheSameBytesInMemory() {
        let delivery = delivery()
        let frames = (0..<2).map { _ in
            delivery.frame(FrameFormat(index: 3)) { _ in ByteBuffer(repeating: 7, count: 100) }
        }
        let places = frames.map { $0.withUnsafeReadableBytes { $0.baseAddress } }
        #expect(places[0] == places[1])
    }

    @Test func theBudgetIsBackToNothingWhenAllAreGone() {
        do {
            let deliveries = (0..<3).map { _ in delivery() }
            let empty = budget.used
            #expect(empty == 3 * (10 + Delivery.overhead))
            _ = deliveries[0].frame(FrameFormat(index: 0)) { _ in ByteBuffer(repeating: 0, count: 512) }
            #expect(budget.used >= empty + 512)
            #expect(budget.used == deliveries.map(\.bytes).reduce(0, +))
            withExtendedLifetime(deliveries) {}
        }
        #expect(budget.used == 0)
    }

    @Test func theBudgetSaysWhenItIsExceeded() {
        let deliveries = [delivery(bytes: 1_000 - Delivery.overhead)]
        #expect(!budget.isExceeded)
        let more = delivery(bytes: 0)
        #expect(budget.isExceeded)
        withExtendedLifetime((deliveries, more)) {}
    }
}
