import Testing

/// For tests that keep a thread to themselves for long, by computing or by calls that block: one at a time in the whole
/// process. The concurrency pool has as many threads as the machine has cores, two maybe, and the tests beside them that
/// wait by the clock need one for their turn.
///
/// One a test: a second within a suite that has it would wait for itself. Waiting counts by a time limit.
public struct ThreadGate: TestTrait, SuiteTrait, TestScoping {
    /// A suite's tests each pass by themselves.
    public let isRecursive = true

    /// Waits for the others.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Turn.shared.take()
        do {
            try await function()
        } catch {
            await Turn.shared.give()
            throw error
        }
        await Turn.shared.give()
    }

    private actor Turn {
        static let shared = Turn()
        private var isTaken = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func take() async {
            guard isTaken else { return isTaken = true }
            await withCheckedContinuation { waiting.append($0) }
        }

        /// To whoever waits, or to nobody.
        func give() {
            if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        }
    }
}

extension Trait where Self == ThreadGate {
    /// See ``ThreadGate``.
    public static var occupiesThread: Self { ThreadGate() }
}
