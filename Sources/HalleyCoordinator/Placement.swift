import HalleyCore

/// Which shard and lane a new session gets.
///
/// The shard that has least to do, of those not given to one of the last sessions. What a shard has to do is its part of the
/// connections that its owner reported, and the sessions that were given lately, which aren't in any report yet. Among
/// equals one whose owner was given least lately, so that a dozen that come together are spread over the workers as
/// evenly as a thousand; and among those by lot. The lane is drawn by lot.
///
/// That one shard isn't given twice in a row of sixteen matters more than a perfect balance: the sessions of one browser's
/// tabs follow each other, and on one hostname they would share its limit of connections.
///
/// Pure: time and chance are passed in.
package struct Placement: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// How many sessions in a row get shards of their own: half of the shards, so that the other half is to choose from.
    package static let distinct = Shard.count / 2
    /// After this long a session given counts half. Reports of connections come every two seconds; until then what was
    /// given stands for them.
    package static let halfLife = Duration.seconds(5)

    private var owners: [Shard: WorkerID] = [:]
    private var given = [Double](repeating: 0, count: Shard.count)
    private var reported = [Double](repeating: 0, count: Shard.count)
    private var last: [Int] = []
    private var agedAt: Instant?

    package init() {}

    /// Takes what the owners report: a worker's connections are spread evenly over the shards that it owns.
    package mutating func update(owners: [Shard: WorkerID], connections: [WorkerID: Int]) {
        self.owners = owners
        var counts: [WorkerID: Int] = [:]
        for owner in owners.values { counts[owner, default: 0] += 1 }
        for shard in Shard.all {
            guard let owner = owners[shard], let count = counts[owner] else {
                reported[shard.index] = 0
                continue
            }
            reported[shard.index] = Double(connections[owner] ?? 0) / Double(count)
        }
    }

    /// Places one session.
    ///
    /// - Parameter near: the worker that it should be served by if that owns a shard: the one whose memory holds what the
    ///   client missed. Then only that one's shards are looked at, those given lately too if there are no others.
    package mutating func next(
        now: Instant, near: WorkerID? = nil, using generator: inout some RandomNumberGenerator
    ) -> ShardLabel {
        age(now)
        let near = near.map { worker in Shard.all.filter { owners[$0] == worker } } ?? []
        let candidates = near.isEmpty ? Shard.all : near
        let fresh = candidates.filter { !last.contains($0.index) }
        let givenToOwners = givenToOwners()
        var best: [Shard] = []
        var least = (shard: Double.infinity, owner: Double.infinity)
        for shard in fresh.isEmpty ? candidates : fresh {
            // Whole sessions are compared: a fraction of one would decide between shards that are equal in all but age.
            let load = (
                shard: (reported[shard.index] + given[shard.index]).rounded(.down),
                owner: owners[shard].flatMap { givenToOwners[$0] } ?? 0
            )
            if load < least {
                least = load
                best = [shard]
            } else if load == least {
                best.append(shard)
            }
        }
        let shard = best.randomElement(using: &generator) ?? Shard.all[0]
        given[shard.index] += 1
        last.append(shard.index)
        if last.count >= Self.distinct { last.removeFirst() }
        return ShardLabel(shard: shard, lane: .random(using: &generator))
    }

    /// Not what they reported: until the next report all sessions would go to the one that has a single connection less.
    private func givenToOwners() -> [WorkerID: Double] {
        var sums: [WorkerID: Double] = [:]
        for (shard, owner) in owners { sums[owner, default: 0] += given[shard.index] }
        // Summed in another order, equal numbers would differ in their last bits.
        return sums.mapValues { ($0 * 1_000).rounded() / 1_000 }
    }

    private mutating func age(_ now: Instant) {
        defer { agedAt = now }
        guard let agedAt, now > agedAt else { return }
        var left = 1.0
        // Halved once for each half-life, and linearly within one: 1 → ½, close enough to the exponential.
        let lives = (now - agedAt) / Self.halfLife
        if lives > 60 {
            left = 0
        } else {
            for _ in 0..<Int(lives) { left /= 2 }
            left *= 1 - (lives - lives.rounded(.down)) / 2
        }
        for index in given.indices { given[index] *= left }
    }
}
