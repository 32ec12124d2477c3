import HalleyCore
import HalleyRouter
import Testing

func worker(_ number: Int) throws -> WorkerID { try #require(WorkerID("worker-\(number)")) }

func shard(_ index: Int) throws -> Shard { try #require(Shard(index: index)) }

func endpoint(_ number: Int) -> ServerEndpoint { ServerEndpoint(ip: "10.0.0.\(number)", port: 9001) }

func generation(_ number: UInt64) -> EventID { EventID(milliseconds: number, counter: 0) }

/// Workers by number at `10.0.0.<number>:9001`, who own the shards in turn.
func target(generation number: UInt64 = 1, workers: [Int]) throws -> RouterTarget {
    var target = RouterTarget(generation: generation(number), owners: [:], servers: [:])
    for number in workers {
        let address = try #require(ServerAddress("10.0.0.\(number):9001"))
        target.servers[try worker(number)] = address
    }
    guard !workers.isEmpty else { return target }
    for shard in Shard.all { target.owners[shard] = try worker(workers[shard.index % workers.count]) }
    return target
}

func endpoints(of target: RouterTarget) -> [WorkerID: ServerEndpoint] {
    target.servers.compactMapValues { address in
        address.canonicalIP.map { ServerEndpoint(ip: $0, port: address.port) }
    }
}

/// The router as it is when it has the target.
func state(of target: RouterTarget) -> RouterState {
    var state = RouterState(mapNumber: 0)
    for entry in RouterPlan.entries(of: target) { state.entries[entry.key] = entry.value }
    for (worker, endpoint) in endpoints(of: target) {
        state.servers[worker] = RouterState.Server(
            number: RouterPlan.ringNumber(of: worker), endpoint: endpoint, isDown: false, isInMaintenance: false,
            isDraining: false, isChecked: true)
    }
    return state
}

func plan(
    _ target: RouterTarget, observed: RouterState, overdue: Set<WorkerID> = []
) -> RouterPlan {
    RouterPlan(target: target, endpoints: endpoints(of: target), observed: observed, overdue: overdue)
}
