import HalleyCore

/// Which worker owns which shard, as of a generation. Written by the coordinators' leader alone.
public struct ShardMap: Hashable, Sendable {
    /// An id of Halley's clock: a later map has a greater generation.
    public let generation: EventID
    /// The coordinator that wrote the map.
    public let leader: String
    /// The owners. A map that was written is complete; one read from a damaged key may not be.
    public let owners: [Shard: WorkerID]

    /// Makes a map as it will be written.
    public init(generation: EventID, leader: String, owners: [Shard: WorkerID]) {
        self.generation = generation
        self.leader = leader
        self.owners = owners
    }

    /// How many shards each owner has.
    public var counts: [WorkerID: Int] {
        owners.values.reduce(into: [:]) { counts, owner in counts[owner, default: 0] += 1 }
    }

    /// The fields of the hash `NAME/shards`.
    package var fields: [(name: String, value: String)] {
        [("generation", generation.description), ("leader", leader)]
            + owners.sorted { $0.key < $1.key }.map { ($0.key.description, $0.value.description) }
    }

    /// Reads the fields of the hash `NAME/shards`; `nil` without a generation. An entry that is no shard or no worker
    /// is left out: the next assignment fills it.
    package init?(fields: [String: String]) {
        guard let generation = fields["generation"].flatMap({ EventID($0) }) else { return nil }
        var owners: [Shard: WorkerID] = [:]
        for (name, value) in fields {
            if let shard = Shard(name), let worker = WorkerID(value) { owners[shard] = worker }
        }
        self.init(generation: generation, leader: fields["leader"] ?? "", owners: owners)
    }
}
