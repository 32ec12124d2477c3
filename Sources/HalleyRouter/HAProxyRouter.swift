import HalleyCore
import Logging
import NIOCore

/// One HAProxy, brought to a ``RouterTarget`` and kept there.
///
/// Nothing that was told to it before is taken for granted: every reconciliation reads the servers and the map back
/// first, so a router that was restarted empty, or that somebody else changed, is right again a call later.
public actor HAProxyRouter {
    /// How long a departed worker that still answers its health check keeps its streams. Longer than a worker takes to
    /// leave by itself (5 s), and short, for a worker that has lost its lease gets no events.
    static let retirementGrace = Duration.seconds(10)

    /// The runtime API's address.
    public nonisolated let address: RouterAddress

    private let api: RuntimeAPI
    private let logger: Logger
    private var departed: [WorkerID: ContinuousClock.Instant] = [:]
    private var unresolved: Set<WorkerID> = []

    /// - Parameters:
    ///   - address: of the runtime API, as `HALLEY_RUNTIME` of `docker/haproxy/haproxy.cfg` opens it.
    ///   - group: the event loops that carry the exchange.
    public init(address: RouterAddress, group: any EventLoopGroup, logger: Logger) {
        self.address = address
        self.logger = logger
        api = RuntimeAPI(address: address, group: group)
    }

    /// Reads the router's servers and map, and changes what differs from the target. Idempotent; meant to be called every
    /// second by the leader, one call at a time.
    ///
    /// - Parameter holdsLease: whether the caller still leads. Asked before anything is changed, before the map's
    ///   transaction and before its commit.
    /// - Returns: what was changed; empty when the router was found right.
    /// - Throws: ``RouterError``. What was done until then stays done, and the next call goes on from there.
    public func reconcile(
        _ target: RouterTarget, holdsLease: @Sendable () async -> Bool
    ) async throws(RouterError) -> RouterChange {
        // First, for it may take a while: what was observed must not be of yesterday.
        let endpoints = await ServerResolver.endpoints(of: target.servers)
        let observed = try await observe()
        if let generation = observed.generation, generation > target.generation { throw .newerGeneration(generation) }

        let plan = RouterPlan(
            target: target, endpoints: endpoints, observed: observed,
            overdue: overdue(target: target, observed: observed))
        var change = RouterChange()
        change.unresolved = target.servers.keys.filter { endpoints[$0] == nil }.sorted()
        report(unresolved: change.unresolved)
        guard !plan.isEmpty else { return change }

        guard await holdsLease() else { throw .leaseLost }
        // One server that HAProxy won't take must not keep the map from the others: its refusal is thrown at the end.
        var refusal: RouterError?
        for step in plan.disconnection + plan.admission {
            do throws(RouterError) { try await perform(step, into: &change) } catch {
                guard case .refused = error else { throw error }
                refusal = refusal ?? error
            }
        }
        if let entries = plan.map {
            try await MapTransaction(api: api, mapNumber: observed.mapNumber).commit(entries, holdsLease: holdsLease)
            change.committed = target.generation
        }
        for step in plan.retirement {
            do throws(RouterError) { try await perform(step, into: &change) } catch {
                // Refused: it still has connections. The next call tries again.
                guard case .refused = error else { throw error }
            }
        }
        if let refusal { throw refusal }
        return change
    }

    private func observe() async throws(RouterError) -> RouterState {
        guard let number = RouterState.mapNumber(inList: try await api.send(.showMaps)) else {
            throw .noShardMap(address)
        }
        let states = try await api.send(.showServers)
        guard let servers = RouterState.servers(inStates: states) else {
            throw .unreadable(command: RuntimeCommand.showServers.description, answer: String(states.prefix(200)))
        }
        let entries = RouterState.entries(inMap: try await api.send(.showMap(number: number)))
        return RouterState(mapNumber: number, entries: entries, servers: servers)
    }

    /// Remembers since when each worker is gone from the target. A new leader starts counting anew.
    private func overdue(target: RouterTarget, observed: RouterState) -> Set<WorkerID> {
        let now = ContinuousClock.now
        departed = departed.filter { observed.servers[$0.key] != nil && target.servers[$0.key] == nil }
        for worker in observed.servers.keys where target.servers[worker] == nil && departed[worker] == nil {
            departed[worker] = now
        }
        return Set(departed.filter { now - $0.value >= Self.retirementGrace }.keys)
    }

    private func perform(_ step: RouterPlan.Step, into change: inout RouterChange) async throws(RouterError) {
        for command in step.commands {
            try await api.perform(command)
            logger.debug("router changed", metadata: ["router": "\(address)", "command": "\(command)"])
        }
        switch step.kind {
        case .add: change.added.append(step.worker)
        case .readdress: change.readdressed.append(step.worker)
        case .readmit: change.readmitted.append(step.worker)
        // Said again every second while it is down.
        case .disconnect: break
        case .retire: change.retiring.append(step.worker)
        case .remove: change.removed.append(step.worker)
        }
    }

    /// Says once which workers' addresses can't be resolved, not once a second.
    private func report(unresolved workers: [WorkerID]) {
        let now = Set(workers)
        guard now != unresolved else { return }
        unresolved = now
        guard !now.isEmpty else { return }
        logger.warning(
            "workers have addresses that can't be resolved and get no connections",
            metadata: ["router": "\(address)", "workers": "\(workers)"])
    }
}
