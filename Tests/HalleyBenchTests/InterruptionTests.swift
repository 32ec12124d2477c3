import HalleyBench
import Testing

@Suite struct InterruptionTests {
    private struct Trouble: Error {}

    @Test func aPhaseIsCutShort() async throws {
        let interruption = Interruption()
        try await interruption.cuttingShort {
            #expect(interruption.set())
            try await Task.sleep(for: .seconds(3_600))
            Issue.record("it went on")
        }
        #expect(interruption.isSet && !interruption.set())
    }

    @Test func aLaterPhaseIsNotRun() async throws {
        let interruption = Interruption()
        interruption.set()
        try await interruption.cuttingShort { Issue.record("it was run") }
    }

    @Test func aPhasesOwnTroubleIsTold() async {
        let interruption = Interruption()
        await #expect(throws: Trouble.self) { try await interruption.cuttingShort { throw Trouble() } }
        await #expect(throws: CancellationError.self) {
            try await interruption.cuttingShort { throw CancellationError() }
        }
        #expect(!interruption.isSet)
    }

    @Test func aCancellationFromOutsideIsOne() async {
        let task = Task {
            try await Interruption().cuttingShort { try await Task.sleep(for: .seconds(3_600)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
