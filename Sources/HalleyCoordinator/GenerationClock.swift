import HalleyBroker
import HalleyCore
import HalleyRedis

/// Draws generations for shard maps from Halley's clock.
struct GenerationClock: Sendable {
    let redis: any RedisCommands
    let keys: RedisKeys

    /// An id later than all that the clock ever gave, and than the one seen: where Redis has lost its clock, that tells it.
    func next(after seen: EventID?) async throws -> EventID {
        let reply =
            if let seen {
                try await redis.send("FCALL", "halley_next", 1, keys.clock, seen.description)
            } else {
                try await redis.send("FCALL", "halley_next", 1, keys.clock)
            }
        guard let id = reply.array?.first?.string.flatMap({ EventID($0) }) else {
            throw RedisError.unexpectedReply("halley_next answered \(reply)")
        }
        return id
    }
}
