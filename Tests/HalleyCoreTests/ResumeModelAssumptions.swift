import HalleyCore

/// What is taken for granted, and isn't true for ever:
/// - Time is set back only after some call has seen it, so that no log expires by a time that nobody remembers.
/// - What was published but had reached no worker that lives, when Redis lost it, never happened.
/// - A Redis that lost data and was set back in time doesn't give out all the lost ids a second time before a worker that
///   saw them calls, or the client that holds one returns.
/// - Redis doesn't lose data twice before the workers have called once, and no ended era comes back from a backup while no
///   worker lives that has seen a later one.
extension ModelWorld {
    /// Watches whether ids are given a second time, or passed over from a jump's end on.
    mutating func noteGiven(_ given: EventID) {
        defer { newest = max(newest, given) }
        let end = redis.data.wakes.last?.to
        let id = end.map { ModelRedis.after($0) } == given ? end ?? given : given
        guard hasLost, id <= newest else { return }
        for index in subscribers.indices where subscribers[index].position.era == redis.data.era {
            if id <= subscribers[index].position.id { subscribers[index].overtaken = true }
        }
        for index in workers.indices where workers[index].owesProof {
            if let seen = workers[index].watermark, id <= seen { workers[index].overtaken = true }
        }
    }

    /// Whether the history has left what can be promised.
    var isBeyondPromise: Bool {
        guard let clock = redis.data.clock, !scene.isUnlimited else { return false }
        return hasForgotten
            || subscribers.contains { $0.overtaken && $0.position.era == redis.data.era && $0.position.id <= clock }
            || workers.contains { $0.overtaken && $0.watermark.map { $0 <= clock } ?? false }
    }
}
