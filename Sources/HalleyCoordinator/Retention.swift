import HalleyRedis

/// T in Redis, where the function library reads it: for how long a channel's log stays after its last event.
struct Retention: Sendable {
    let redis: any RedisCommands
    /// See ``HalleyBroker/RedisKeys/retention``.
    let key: String
    /// T in milliseconds. `nil` leaves what stands there, or the library's hour.
    let milliseconds: Int?

    /// Writes it down, if it was given.
    func write() async throws {
        if let milliseconds { try await redis.send("SET", key, milliseconds) }
    }
}
