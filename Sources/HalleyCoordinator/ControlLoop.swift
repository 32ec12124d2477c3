import HalleyCluster
import HalleyCore
import HalleyRouter
import Logging
import ServiceLifecycle

/// The coordinator's round, twice a second: asks for the lease, looks at the registry and the map, and, while it leads,
/// assigns the shards anew where that is due. Every coordinator looks; only the leader writes.
///
/// A dead worker's shards move within five seconds of its death: its record counts as gone when 750 ms of its lease are
/// left (``LeaseTimes/lastMoments``), one round finds that, and the same round writes the new map and wakes the routers'
/// keepers.
actor ControlLoop: Service {
    /// From one round's end to the next one's begin.
    static let period = Duration.milliseconds(500)
    /// In how many rounds routers are read back once, although nothing has changed: once a second.
    static let reassertion = 2
    /// After this long without a heartbeat a worker's name is struck from the registry.
    static let forgetting = Duration.seconds(600)

    struct Parts: Sendable {
        let coordinator: String
        let leases: LeaseTimes
        let lease: LeaderLease
        let reign: Reign
        let registry: Registry
        let store: ShardMapStore
        let clock: GenerationClock
        let ticketKeys: TicketKeyStore
        let retention: Retention
        let keys: KeyRing
        let view: ClusterView
        let keepers: [RouterKeeper]
        /// Returns once the link to Redis is up.
        let connected: @Sendable () async throws -> Void
    }

    private let parts: Parts
    private let logger: Logger

    private var roster: Roster?
    private var map: ShardMap?
    /// The last record of everyone who counts as alive, for workers that are kept without one.
    private var records: [WorkerID: WorkerRecord] = [:]
    private var absentSince: [WorkerID: ContinuousClock.Instant] = [:]
    private var keyText: String?
    /// Whether Redis is known to have T. Not after an error: it may be another Redis by then.
    private var isRetentionKnown = false
    private var complaint: String?
    private var round = 0

    init(_ parts: Parts, logger: Logger) {
        self.parts = parts
        self.logger = logger
    }

    func run() async {
        await cancelWhenGracefulShutdown {
            // Before the first connection there is nothing to complain of.
            try? await self.parts.connected()
            while !Task.isCancelled {
                await self.turn()
                try? await Task.sleep(for: Self.period)
            }
        }
        parts.reign.resign()
        // So that another leads at once; when it can't be told, the lease runs out by itself.
        try? await parts.lease.resign()
    }

    /// One round.
    func turn() async {
        let before = map
        do {
            try await look()
            if let complaint { logger.notice("Redis answers again", metadata: ["before": "\(complaint)"]) }
            complaint = nil
        } catch {
            roster?.lost()
            isRetentionKnown = false
            if complaint != "\(error)" {
                logger.warning("the cluster's state can't be read or written", metadata: ["error": "\(error)"])
            }
            complaint = "\(error)"
        }
        let (map, records, complaint) = (map, records, complaint)
        parts.view.update { state in
            state.map = map
            state.workers = records
            state.complaint = complaint.map { "the cluster's state can't be read or written: \($0)" }
        }
        round += 1
        if before?.generation != map?.generation || round.isMultiple(of: Self.reassertion) { wakeKeepers() }
    }

    private func look() async throws {
        try await loadKeys()
        try await writeRetention()
        let sentAt = ContinuousClock.now
        let change = parts.reign.answered(try await parts.lease.request(), sentAt: sentAt)
        let roll = try await parts.registry.list()
        let stored = try await parts.store.read()
        let leader = parts.reign.holds ? parts.coordinator : try await parts.lease.holder()
        parts.view.update { $0.leader = leader }

        var roster = roster ?? Roster(leases: parts.leases, owners: Set((stored?.owners ?? [:]).values))
        switch change {
        case .none: break
        case .elected: logger.notice("this coordinator leads")
        case .deposed: logger.notice("another coordinator leads", metadata: ["leader": "\(leader ?? "none")"])
        case .restored:
            logger.warning("the lease had vanished before its time: Redis has lost data")
            roster.lost()
            try await restoreKeys()
            isRetentionKnown = false
            try await writeRetention()
        }
        let alive = roster.observe(roll.workers.mapValues(\.state), now: .now)
        self.roster = roster
        records = records.filter { alive.contains($0.key) }.merging(roll.workers) { $1 }

        guard parts.reign.holds else {
            map = stored ?? map
            return
        }
        let router = parts.keepers.compactMap(\.newerGeneration).max()
        switch MapPlan(remembered: map, stored: stored, router: router, alive: alive) {
        case .none: break
        case .keep(let kept): map = kept
        case .write(let owners, let after):
            try await write(owners, after: after, replacing: stored ?? map)
        }
        try await forget(roll.absent)
    }

    private func write(_ owners: [Shard: WorkerID], after: EventID?, replacing old: ShardMap?) async throws {
        let generation = try await parts.clock.next(after: after)
        guard parts.reign.holds else { return }
        let new = ShardMap(generation: generation, leader: parts.coordinator, owners: owners)
        do {
            try await parts.store.write(new, token: parts.lease.token)
        } catch ShardMapError.deposed {
            parts.reign.resign()
            throw ShardMapError.deposed
        }
        map = new
        logger.info(
            "a new shard map",
            metadata: [
                "generation": "\(generation)", "workers": "\(Set(owners.values).count)",
                "moved": "\(owners.count { old?.owners[$0.key] != $0.value })",
            ])
    }

    private func wakeKeepers() {
        guard parts.reign.holds, let map else { return }
        var servers: [WorkerID: ServerAddress] = [:]
        for record in records.values where record.state == .ready {
            servers[record.id] = ServerAddress("\(record.address)")
        }
        let target = RouterTarget(generation: map.generation, owners: map.owners, servers: servers)
        for keeper in parts.keepers { keeper.want(target) }
    }

    private func forget(_ absent: Set<WorkerID>) async throws {
        absentSince = absentSince.filter { absent.contains($0.key) }
        for id in absent {
            let since = absentSince[id] ?? .now
            absentSince[id] = since
            guard since.duration(to: .now) >= Self.forgetting else { continue }
            try await parts.registry.forget(id)
            absentSince[id] = nil
        }
    }

    private func writeRetention() async throws {
        guard !isRetentionKnown else { return }
        try await parts.retention.write()
        isRetentionKnown = true
    }

    private func loadKeys() async throws {
        guard !parts.keys.isKnown else { return }
        let text = try await parts.ticketKeys.loadText()
        parts.keys.set(try TicketKeyStore.parse(text))
        keyText = text
    }

    /// A worker that starts on an emptied Redis shall find the keys under which tickets are out.
    private func restoreKeys() async throws {
        if let keyText { try await parts.ticketKeys.restore(keyText) }
    }
}
