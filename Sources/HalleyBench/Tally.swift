import NIOCore
import Synchronization

/// How many events have arrived, over all threads; and whom to wake when there are so many.
package final class Tally: Sendable {
    private let count = Atomic<Int>(0)
    private let threshold = Atomic<Int>(.max)
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)

    package init() {}

    package var delivered: Int { count.load(ordering: .sequentiallyConsistent) }

    package func add(_ arrived: Int) {
        let new = count.add(arrived, ordering: .sequentiallyConsistent).newValue
        guard new >= threshold.load(ordering: .sequentiallyConsistent) else { return }
        // Of several threads that pass the threshold, one wakes.
        guard threshold.exchange(.max, ordering: .sequentiallyConsistent) != .max else { return }
        wake.withLock { $0 }?()
    }

    package func onThreshold(_ call: @escaping @Sendable () -> Void) { wake.withLock { $0 = call } }

    /// Asks to be woken. The caller looks at ``delivered`` once more afterwards: it may have got there meanwhile.
    package func await(_ delivered: Int) { threshold.store(delivered, ordering: .sequentiallyConsistent) }
}
