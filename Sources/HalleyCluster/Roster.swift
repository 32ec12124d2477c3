import HalleyCore

/// Who counts as alive, given what the registry shows and how Redis fares.
///
/// A worker whose record is gone is dead. But when Redis itself was away, all records are gone, and the first worker to
/// come back is not the only one alive: it must not be given every shard. So after a loss of Redis the workers known
/// before count as alive for a grace: the time in which every living worker has registered again.
///
/// Pure: time is passed in.
public struct Roster: Sendable {
    /// A moment of the monotonic clock.
    public typealias Instant = ContinuousClock.Instant

    /// How long known workers are kept after a loss: the lease, within which each notices that its link broke, and two
    /// heartbeats, of which one may fail.
    public let grace: Duration

    /// Those that counted as alive at the last observation.
    private var known: Set<WorkerID>
    private var observed: Set<WorkerID> = []
    private var isLost: Bool
    private var keptUntil: Instant?

    /// - Parameter owners: the workers that own shards in the map that was found at the start. The map outlives the
    ///   coordinators, so at their start it counts as what was known before a loss.
    public init(leases: LeaseTimes, owners: Set<WorkerID> = []) {
        grace = leases.lease + leases.heartbeat * 2
        known = owners
        isLost = !owners.isEmpty
    }

    /// Redis could not be asked, or was found to have lost data.
    public mutating func lost() { isLost = true }

    /// Takes what the registry shows now.
    ///
    /// - Parameter records: state by worker, without those whose lease has run out.
    /// - Returns: the workers that are to own shards.
    public mutating func observe(_ records: [WorkerID: WorkerRecord.State], now: Instant) -> Set<WorkerID> {
        let present = Set(records.keys)
        // All at once is no death of workers but a Redis that came back empty between two observations.
        if !observed.isEmpty, present.isDisjoint(with: observed) { isLost = true }
        observed = present
        if isLost {
            isLost = false
            keptUntil = now + grace
        }
        var alive = Set(records.filter { $0.value == .ready }.keys)
        if let keptUntil, now < keptUntil {
            alive.formUnion(known.subtracting(present))
        } else {
            keptUntil = nil
        }
        known = alive
        return alive
    }

    /// Whether workers are kept that the registry doesn't show.
    public func isKeeping(now: Instant) -> Bool { isLost || keptUntil.map { now < $0 } ?? false }
}

/// How long a worker's and a leader's word holds.
public struct LeaseTimes: Hashable, Sendable {
    /// After this long without a heartbeat a worker is dead, and a leader deposed. 5 s.
    public let lease: Duration
    /// How often a worker says that it lives: two may fail within a lease. 2 s.
    public let heartbeat: Duration

    /// Five seconds and two.
    public static let standard = LeaseTimes(lease: .seconds(5), heartbeat: .seconds(2))

    /// Takes times as given; the lease should outlast two heartbeats.
    public init(lease: Duration, heartbeat: Duration) {
        self.lease = lease
        self.heartbeat = heartbeat
    }

    /// A worker whose lease has less than this left has missed two heartbeats and counts as dead: its shards are moved
    /// before the lease has run out, not after. Three quarters of what two missed heartbeats leave (750 ms), at least
    /// a twentieth of the lease.
    public var lastMoments: Duration { max((lease - heartbeat * 2) * 3 / 4, lease / 20) }
}
