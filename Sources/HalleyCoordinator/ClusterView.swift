import HalleyCluster
import HalleyCore
import Synchronization

/// What this coordinator knows of the cluster just now. Written by the control loop, read by everyone.
final class ClusterView: Sendable {
    struct State: Sendable {
        /// The map in force.
        var map: ShardMap?
        /// By the last look at the registry; after a loss of Redis, with those of whom it is believed that they live.
        var workers: [WorkerID: WorkerRecord] = [:]
        /// The coordinator that leads.
        var leader: String?
        /// Why the last look failed; `nil` when it didn't.
        var complaint: String? = "the registry has not been read yet"
    }

    private let state = Mutex(State())
    private let placement = Mutex(Placement())

    var current: State { state.withLock { $0 } }

    func update(_ change: (inout State) -> Void) {
        let now = state.withLock { state in
            change(&state)
            return state
        }
        placement.withLock {
            $0.update(owners: now.map?.owners ?? [:], connections: now.workers.mapValues(\.connections))
        }
    }

    /// Places a new session.
    ///
    /// - Parameter position: what the client has; the live part of it is worth most with the worker that wrote it.
    func place(for position: Position? = nil) -> ShardLabel {
        let near = position?.cursor.flatMap { cursor in
            current.workers.values.first { $0.incarnation == cursor.incarnation }?.id
        }
        var generator = SystemRandomNumberGenerator()
        return placement.withLock { $0.next(now: .now, near: near, using: &generator) }
    }
}
