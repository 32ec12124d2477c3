import HalleyHub
import SeededRandom
import Testing

@Suite struct RingTests {
    private let budget = RingBudget(limit: .max)

    private func delivery(_ count: UInt64, bytes: Int = 0) -> Delivery {
        Delivery(channel: news, payload: Array(repeating: 0, count: bytes), position: nil, count: count, budget: budget)
    }

    private func append(_ count: UInt64, bytes: Int = 0, to ring: inout Ring) -> Int {
        ring.append(
            delivery(count, bytes: bytes), maximumEvents: 3, maximumBytes: 4 * Delivery.overhead + 1_000)
    }

    @Test func aNewRingCoversWhatComesAfterItsStart() {
        let ring = Ring(coveredFrom: 7)
        #expect(!ring.isComplete(from: 6))
        #expect(ring.isComplete(from: 7))
        #expect(ring.first(after: 0) == nil)
        #expect(ring.oldest == nil)
    }

    @Test func theBoundOnEventsDropsTheOldest() {
        var ring = Ring(coveredFrom: 0)
        #expect((1...3).map { append($0, to: &ring) } == [0, 0, 0])
        #expect(append(4, to: &ring) == 1)
        #expect(ring.deliveries.map(\.count) == [2, 3, 4])
        #expect(!ring.isComplete(from: 0))
        #expect(ring.isComplete(from: 1))
    }

    @Test func theBoundOnBytesDropsAsManyAsItTakes() {
        var ring = Ring(coveredFrom: 0)
        _ = append(1, bytes: 400, to: &ring)
        _ = append(2, bytes: 400, to: &ring)
        #expect(append(3, bytes: 900, to: &ring) == 1)
        #expect(ring.deliveries.map(\.count) == [2, 3])
        #expect(append(4, bytes: 1_700, to: &ring) == 2)
        #expect(ring.deliveries.map(\.count) == [4])
    }

    @Test func anEventOverTheBoundByItselfIsNotKeptAndItsAbsenceIsKnown() {
        var ring = Ring(coveredFrom: 0)
        _ = append(1, to: &ring)
        #expect(append(2, bytes: 1_000_000, to: &ring) == 2)
        #expect(ring.oldest == nil)
        #expect(!ring.isComplete(from: 1))
        #expect(ring.isComplete(from: 2))
    }

    @Test func aBrokenLinkUncoversWhatCameBefore() {
        var ring = Ring(coveredFrom: 0)
        _ = append(1, to: &ring)
        ring.confirm(from: 5)
        ring.cover(floor: .zero)
        #expect(!ring.isComplete(from: 4))
        #expect(ring.isComplete(from: 5))
        #expect(ring.first(after: 0)?.count == 1)
        ring.dropOldest()
        #expect(!ring.isComplete(from: 4), "an event from before the break is no proof of what came in it")
    }

    @Test func emptyingSaysHowManyThereWere() {
        var ring = Ring(coveredFrom: 0)
        for count in 1...3 { _ = append(UInt64(count), to: &ring) }
        #expect(ring.empty() == 3)
        #expect(ring.empty() == 0)
        #expect(ring.isComplete(from: 3))
        #expect(!ring.isComplete(from: 2))
    }

    @Test(arguments: 0..<50)
    func behavesLikeAList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ring = Ring(coveredFrom: 0)
        var list: [(count: UInt64, bytes: Int)] = []
        var covered: UInt64 = 0
        var count: UInt64 = 0
        for _ in 0..<400 {
            count += .random(in: 1...4, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                ring.dropOldest()
                if !list.isEmpty { covered = max(covered, list.removeFirst().count) }
            case 1:
                ring.confirm(from: count)
                ring.cover(floor: .zero)
                covered = count
            case 2 where random.oneIn(4):
                _ = ring.empty()
                covered = max(covered, list.last?.count ?? 0)
                list = []
            default:
                let bytes = Int.random(in: 0...600, using: &random)
                list.append((count, bytes + Delivery.overhead))
                let dropped = ring.append(
                    delivery(count, bytes: bytes), maximumEvents: 20, maximumBytes: 8_000)
                var expected = 0
                while list.count > 20 || list.map(\.bytes).reduce(0, +) > 8_000 {
                    covered = max(covered, list.removeFirst().count)
                    expected += 1
                }
                #expect(dropped == expected)
            }
            let cursor = UInt64.random(in: 0...count + 1, using: &random)
            #expect(ring.deliveries.map(\.count) == list.map(\.count))
            #expect(ring.first(after: cursor)?.count == list.first { $0.count > cursor }?.count)
            #expect(ring.isComplete(from: cursor) == (cursor >= covered))
        }
    }
}
