import HalleyBench
import Testing

@Suite struct SequenceLedgerTests {
    private func ledger(_ numbers: [Int]) -> SequenceLedger {
        var ledger = SequenceLedger()
        for number in numbers { ledger.take(number) }
        return ledger
    }

    @Test func allInOrderIsNothingAmiss() {
        let ledger = ledger(Array(0..<1_000))
        #expect(ledger.received == 1_000)
        #expect(ledger.lost(of: 1_000) == 0)
        #expect(ledger.doubled == 0 && ledger.reordered == 0)
    }

    @Test func whatNeverCameIsLost() {
        #expect(ledger([]).lost(of: 5) == 5)
        #expect(ledger([0, 1, 4]).lost(of: 7) == 4)
        #expect(ledger([3]).lost(of: 4) == 3)
    }

    @Test func whatComesLateIsReorderedAndNotLost() {
        let ledger = ledger([0, 3, 2, 1, 4])
        #expect(ledger.lost(of: 5) == 0)
        #expect(ledger.reordered == 2)
        #expect(ledger.doubled == 0)
        #expect(ledger.received == 5)
    }

    @Test func whatComesAgainIsDoubled() {
        let ledger = ledger([0, 1, 1, 3, 0, 2, 2])
        #expect(ledger.doubled == 3)
        #expect(ledger.reordered == 1)
        #expect(ledger.received == 4)
        #expect(ledger.lost(of: 4) == 0)
    }

    @Test func whatWasNeverAcknowledgedIsOwedByNobody() {
        #expect(ledger([0, 2, 5]).lost(of: 8, excused: [1, 3, 7]) == 2)
        #expect(ledger([0, 1, 2]).lost(of: 3, excused: [1]) == 0)
    }

    @Test func holesBeyondTheBoundAreStillCounted() {
        let ledger = ledger((0..<1_000).map { $0 * 2 })
        #expect(ledger.lost(of: 2_000) == 1_000)
        #expect(ledger.received == 1_000)
    }

    /// Against a set and a list.
    @Test(arguments: 0..<50) func agreesWithAPlainCount(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let numbers = (0..<60).map { _ in random(40) }
        let ledger = ledger(numbers)
        var seen: Set<Int> = []
        var doubled = 0
        var reordered = 0
        for number in numbers {
            if seen.contains(number) { doubled += 1 } else if let most = seen.max(), number < most { reordered += 1 }
            seen.insert(number)
        }
        #expect(ledger.received == seen.count)
        #expect(ledger.doubled == doubled)
        #expect(ledger.reordered == reordered)
        #expect(ledger.lost(of: 40) == 40 - seen.count)
    }
}
