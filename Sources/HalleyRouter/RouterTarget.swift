import HalleyCore

/// What the router should know: who owns which shard, by which generation of the map, and where each worker listens.
public struct RouterTarget: Equatable, Sendable {
    /// Of the shard map; written into the router's map as an entry, so that it can be read back.
    public var generation: EventID
    /// The owner of each shard. A shard without an owner is left to the router's consistent hash.
    public var owners: [Shard: WorkerID]
    /// Every worker that may be sent connections, owners or not. An owner that isn't here keeps the server that the router
    /// has of it, if any.
    public var servers: [WorkerID: ServerAddress]

    /// Makes a target; owners without a server fall through to the router's hash.
    public init(generation: EventID, owners: [Shard: WorkerID], servers: [WorkerID: ServerAddress]) {
        self.generation = generation
        self.owners = owners
        self.servers = servers
    }
}
