import Synchronization

/// The wish that a run end now, with what it has measured so far.
package final class Interruption: Sendable {
    private struct State {
        var isSet = false
        var phase: Task<Void, any Error>?
    }

    private let state = Mutex(State())

    package init() {}

    package var isSet: Bool { state.withLock { $0.isSet } }

    /// Ends the phase that is under way.
    ///
    /// - Returns: whether nobody has wished it before.
    @discardableResult
    package func set() -> Bool {
        let (isFirst, phase) = state.withLock { state in
            defer { state.isSet = true }
            return (!state.isSet, state.phase)
        }
        phase?.cancel()
        return isFirst
    }

    /// Runs one phase, by itself, until it is over or this is set; one that begins later isn't run at all.
    ///
    /// - Throws: what the phase throws, and not that it was cut short.
    package func cuttingShort(_ phase: @escaping @Sendable () async throws -> Void) async throws {
        let task: Task<Void, any Error>? = state.withLock { state in
            guard !state.isSet else { return nil }
            let task = Task { try await phase() }
            state.phase = task
            return task
        }
        guard let task else { return }
        defer { state.withLock { $0.phase = nil } }
        do {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch is CancellationError where isSet {
            // What was wished.
        }
    }
}
