/// Whether a process should be given work, and if not, why: what `GET /health/ready` says.
public struct Readiness: Hashable, Sendable {
    /// Why not, in words for an operator. Empty means ready.
    public let reasons: [String]

    /// Whether there is nothing against it.
    public var isReady: Bool { reasons.isEmpty }

    /// Readiness with all that speaks against it.
    public init(reasons: [String] = []) { self.reasons = reasons }
}
