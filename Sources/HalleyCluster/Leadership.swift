/// Whether this coordinator leads, decided from the answers to its requests for the lease.
///
/// The lease lies in Redis and runs out there; this side counts from the moment *before* each request was sent and stops
/// a little early, so that it never believes to lead when Redis may have given the lease to another.
///
/// Pure: time is passed in.
public struct Leadership: Sendable {
    /// A moment of the monotonic clock.
    public typealias Instant = ContinuousClock.Instant

    /// What Redis said to a request for the lease.
    public enum Answer: Equatable, Sendable {
        /// Nobody had it; now it is ours.
        case acquired
        /// It was ours and holds for another full term.
        case renewed
        /// Another has it.
        case held
    }

    /// What changed by an answer.
    public enum Change: Equatable, Sendable {
        case none
        case elected
        case deposed
        /// Our lease had vanished before its time: Redis lost data. It is ours again.
        case restored
    }

    /// How long an answer holds on this side: the lease, less a tenth for clocks that run at different speeds and for
    /// the time in which a write is on its way.
    public let term: Duration
    private var until: Instant?

    /// - Parameter lease: how long Redis keeps the lease.
    public init(lease: Duration) { term = lease * 9 / 10 }

    /// Whether this coordinator may act as the leader.
    public func leads(now: Instant) -> Bool { until.map { now < $0 } ?? false }

    /// - Parameter sentAt: a moment before the request was sent.
    public mutating func answered(_ answer: Answer, sentAt: Instant, now: Instant) -> Change {
        let led = leads(now: now)
        let hadTerm = until != nil
        switch answer {
        case .held:
            until = nil
            return hadTerm ? .deposed : .none
        case .acquired:
            until = sentAt + term
            return led ? .restored : .elected
        case .renewed:
            until = sentAt + term
            return led || hadTerm ? .none : .elected
        }
    }

    /// Gives up at once, without asking Redis.
    public mutating func resign() { until = nil }
}
