import HalleyBroker
import HalleyRedis

/// T in Redis, where the function library reads it: for how long a channel's log stays after its last event.
struct Retention: Sendable {
    let redis: any RedisCommands
    let keys: RedisKeys
    /// T in milliseconds. `nil` leaves what stands there, or the library's hour.
    let milliseconds: Int?

    /// Sets it, if it was given. A longer one than before is relied on only as far as it has held: see `halley_retain`.
    func write() async throws {
        if let milliseconds { try await redis.send("FCALL", "halley_retain", 1, keys.clock, milliseconds) }
    }
}
