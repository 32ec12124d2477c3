/// Waits until the condition holds.
/// - Throws: ``NeverHappened`` when it doesn't within the time.
public func eventually(
    within patience: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    while try await !condition() {
        guard clock.now < deadline else { throw NeverHappened(description: "not within \(patience)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Said when what a test waits for doesn't come.
public struct NeverHappened: Error, CustomStringConvertible {
    /// After how long the test gave up.
    public let description: String
}
