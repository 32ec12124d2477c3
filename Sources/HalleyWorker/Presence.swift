import HalleyCluster
import HalleyCore
import HalleyRedis
import Logging
import NIOCore

/// A worker's place in the cluster: says every two seconds that it lives, and at the end that it leaves.
struct Presence {
    /// What the event loop knows at the moment.
    struct Report: Sendable {
        let connections: Int
        /// Whether events come.
        let isReady: Bool
    }

    private let settings: WorkerSettings
    private let address: WorkerAddress
    private let incarnation: Incarnation
    private let redis: RedisCommandLink
    private let registry: Registry
    private let shards: ShardMapStore
    private let keyStore: TicketKeyStore
    private let logger: Logger

    init(
        settings: WorkerSettings, address: WorkerAddress, incarnation: Incarnation, redis: RedisCommandLink,
        logger: Logger
    ) {
        self.settings = settings
        self.address = address
        self.incarnation = incarnation
        self.redis = redis
        let leases = LeaseTimes(
            lease: .nanoseconds(settings.lease.nanoseconds), heartbeat: .nanoseconds(settings.beat.nanoseconds))
        registry = Registry(redis: redis, name: settings.cluster, leases: leases, logger: logger)
        shards = ShardMapStore(redis: redis, name: settings.cluster)
        keyStore = TicketKeyStore(redis: redis, name: settings.cluster)
        self.logger = logger
    }

    /// Registers as soon as events come, then beats until the task is cancelled. While Redis is away it keeps trying:
    /// the first beat after its return is the news that the leader waits for.
    func announce(
        report: () async throws -> Report, onTicketKeys: (TicketKeys) -> Void
    ) async {
        var hasKeys = settings.ticketKeys != nil
        var isRegistered = false
        var failures = Complaints()
        // A first connection takes its time, which is no failure to log.
        try? await redis.ready()
        while !Task.isCancelled {
            do {
                let report = try await report()
                if report.isReady || isRegistered {
                    try await register(.ready, connections: report.connections)
                    isRegistered = true
                }
                if !hasKeys {
                    onTicketKeys(try await keyStore.load())
                    hasKeys = true
                }
                failures.succeeded { logger.notice("registered again") }
            } catch {
                failures.failed("\(error)") { logger.warning("can't register", metadata: ["reason": "\($0)"]) }
            }
            // Until it is registered nobody sends it clients: look more often.
            let pause = isRegistered && !failures.isFailing ? settings.beat : min(settings.beat, .milliseconds(200))
            try? await Task.sleep(for: .nanoseconds(pause.nanoseconds))
        }
    }

    /// Gives the shards away: as draining it gets no more, and the leader moves those that it has. Waits until they have
    /// moved, or until half of the time left is over, for the clients must still be told to go.
    func leave(until end: ContinuousClock.Instant) async {
        let patience = ContinuousClock.now + (end - ContinuousClock.now) / 2
        do {
            try await register(.draining, connections: 0)
            while ContinuousClock.now < patience, try await ownsShards() {
                try await Task.sleep(for: .milliseconds(100))
            }
            try await registry.remove(settings.id, incarnation: incarnation)
        } catch {
            logger.warning("can't take leave of the cluster; the lease will", metadata: ["reason": "\(error)"])
        }
    }

    private func ownsShards() async throws -> Bool {
        try await shards.read()?.owners.values.contains(settings.id) ?? false
    }

    private func register(_ state: WorkerRecord.State, connections: Int) async throws {
        let record = WorkerRecord(
            id: settings.id, address: address, connections: connections, state: state, version: Version.current,
            incarnation: incarnation)
        if let other = try await registry.register(record), other != incarnation {
            logger.debug("took the place of an earlier start", metadata: ["incarnation": "\(other)"])
        }
    }
}

/// Says a failure when it begins and when it changes, not every time it repeats.
package struct Complaints {
    private var reason: String?

    package init() {}

    package var isFailing: Bool { reason != nil }

    package mutating func failed(_ reason: String, say: (String) -> Void) {
        if reason != self.reason { say(reason) }
        self.reason = reason
    }

    package mutating func succeeded(say: () -> Void) {
        if reason != nil { say() }
        reason = nil
    }
}
