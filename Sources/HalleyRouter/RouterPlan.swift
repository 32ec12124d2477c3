import HalleyCore

/// The commands that bring a router from what it knows to what it should know. Pure.
///
/// What is down comes first, for it may be up a moment later. Servers come before the map, so that no entry names a server that isn't there; what has departed goes last.
package struct RouterPlan: Equatable, Sendable {
    /// Ends the streams of those that are down.
    package private(set) var disconnection: [Step] = []
    /// Adds and corrects the servers of present workers.
    package private(set) var admission: [Step] = []
    /// The whole new map, when the present one is another.
    package private(set) var map: [MapEntry]?
    /// Takes departed workers out.
    package private(set) var retirement: [Step] = []

    /// How long a request may be connecting to a worker, by `timeout connect` of haproxy.cfg, in whole seconds; and one
    /// more, for the second that the router's clock may lack. None is connecting to one that has been down for so long.
    static let connecting = 1 + 1

    /// The commands for one server, in order; when one is refused, the rest make no sense.
    package struct Step: Equatable, Sendable {
        package let worker: WorkerID
        package let kind: Kind
        package let commands: [RuntimeCommand]

        package enum Kind: Sendable { case add, readdress, readmit, disconnect, retire, remove }
    }

    package var isEmpty: Bool { disconnection.isEmpty && admission.isEmpty && map == nil && retirement.isEmpty }

    /// - Parameters:
    ///   - endpoints: of the target's servers, resolved; a server whose address can't be resolved is left as it is.
    ///   - overdue: departed workers whose streams have had their time to end by themselves.
    package init(
        target: RouterTarget, endpoints: [WorkerID: ServerEndpoint], observed: RouterState, overdue: Set<WorkerID> = []
    ) {
        // A stopped process, or a lost machine, closes no connection by itself. One in maintenance counts as down, too.
        for (worker, server) in observed.servers.sorted(by: { $0.key < $1.key })
        where server.isDown && !server.isInMaintenance && server.secondsSinceChange >= Self.connecting {
            disconnection.append(Step(worker: worker, kind: .disconnect, commands: [.shutdownSessions(worker)]))
        }

        var numbers = Set(observed.servers.values.map(\.number))
        for worker in target.servers.keys.sorted() {
            guard let endpoint = endpoints[worker] else { continue }
            if let server = observed.servers[worker] {
                if let step = Self.correction(of: server, worker: worker, endpoint: endpoint) { admission.append(step) }
            } else {
                admission.append(Self.addition(of: worker, endpoint: endpoint, numbers: &numbers))
            }
        }

        let entries = Self.entries(of: target)
        if Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) }) != observed.entries { map = entries }

        // Nobody left to serve is what a lost registry looks like, too. Then every server stays. And whoever still owns
        // shards hasn't departed, even where the registry has forgotten its address: the router knows it.
        guard !target.servers.isEmpty else { return }
        let present = Set(target.servers.keys).union(target.owners.values)
        for (worker, server) in observed.servers.sorted(by: { $0.key < $1.key }) where !present.contains(worker) {
            if let step = Self.retirement(of: server, worker: worker, isOverdue: overdue.contains(worker)) {
                retirement.append(step)
            }
        }
    }

    /// The generation, then the shards in order.
    package static func entries(of target: RouterTarget) -> [MapEntry] {
        [MapEntry(key: MapEntry.generationKey, value: target.generation.description)]
            + Shard.all.compactMap { shard in
                target.owners[shard].map { MapEntry(key: shard.description, value: $0.description) }
            }
    }

    private static func addition(
        of worker: WorkerID, endpoint: ServerEndpoint, numbers: inout Set<Int>
    ) -> Step {
        var number = ringNumber(of: worker)
        while !numbers.insert(number).inserted { number = number % ringNumbers + 1 }
        return Step(
            worker: worker, kind: .add,
            commands: [
                .addServer(worker, endpoint, number: number), .setState(worker, .ready), .enableHealth(worker),
            ])
    }

    /// A new address alone changes nothing else: the checks follow it, and find the worker there well or not.
    private static func correction(
        of server: RouterState.Server, worker: WorkerID, endpoint: ServerEndpoint
    ) -> Step? {
        var commands: [RuntimeCommand] = []
        if server.endpoint != endpoint { commands.append(.setAddress(worker, endpoint)) }
        let isOut = server.isInMaintenance || server.isDraining
        if isOut { commands.append(.setState(worker, .ready)) }
        if !server.isChecked { commands.append(.enableHealth(worker)) }
        guard !commands.isEmpty else { return nil }
        return Step(worker: worker, kind: server.endpoint == endpoint ? .readmit : .readdress, commands: commands)
    }

    /// A departed worker that is down has nothing to lose. One that still lives keeps its streams until it ends them
    /// itself or its time is over: it may be taking leave of its clients one by one.
    private static func retirement(of server: RouterState.Server, worker: WorkerID, isOverdue: Bool) -> Step? {
        if server.isInMaintenance {
            Step(worker: worker, kind: .remove, commands: [.shutdownSessions(worker), .deleteServer(worker)])
        } else if server.isDown || isOverdue {
            Step(
                worker: worker, kind: .remove,
                commands: [.setState(worker, .maintenance), .shutdownSessions(worker), .deleteServer(worker)])
        } else if !server.isDraining {
            Step(worker: worker, kind: .retire, commands: [.setState(worker, .drain)])
        } else {
            nil
        }
    }

    /// How many places there are on HAProxy's ring: it multiplies a server's number by 4,096 in 32 bits.
    package static let ringNumbers = 1_000_000

    /// A server's number decides its place on the ring of the consistent hash. HAProxy places a server before it draws a
    /// number for it, so without a given one all servers added at run time lie on one spot and the first gets
    /// everything. Drawn from the name, it is the same after a restart and on every router. FNV-1a.
    package static func ringNumber(of worker: WorkerID) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in worker.description.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int(hash % UInt32(ringNumbers)) + 1
    }
}
