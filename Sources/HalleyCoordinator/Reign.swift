import HalleyCluster
import Synchronization

/// This coordinator's leadership, asked from several tasks.
final class Reign: Sendable {
    private let leadership: Mutex<Leadership>

    init(lease: Duration) { leadership = Mutex(Leadership(lease: lease)) }

    /// Whether this coordinator may act as the leader at this moment.
    var holds: Bool { leadership.withLock { $0.leads(now: .now) } }

    func answered(_ answer: Leadership.Answer, sentAt: ContinuousClock.Instant) -> Leadership.Change {
        leadership.withLock { $0.answered(answer, sentAt: sentAt, now: .now) }
    }

    func resign() { leadership.withLock { $0.resign() } }
}
