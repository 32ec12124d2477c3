import HalleyRedis
import Synchronization

/// Whether Redis may throw away keys of its own accord. A log or a clock that is evicted is lost data that nobody was told
/// of, so anything but `noeviction` keeps a process from being ready.
package final class MemoryPolicy: Sendable {
    private let policy = Mutex<String?>(nil)

    package init() {}

    /// Asks a new connection's server. Where `CONFIG` isn't permitted, as at most hosts of Redis, nothing is known and
    /// nothing is held against it.
    package func check(on connection: RedisConnection) async throws {
        var value: String?
        do {
            value = try await connection.send("CONFIG", "GET", "maxmemory-policy").pairs?["maxmemory-policy"]?.string
        } catch is RedisErrorReply {
            value = nil
        }
        policy.withLock { $0 = value }
    }

    /// What is wrong, for a health check; `nil` when nothing is.
    package var complaint: String? {
        guard let value = policy.withLock({ $0 }), value != "noeviction" else { return nil }
        return "Redis' maxmemory-policy is \(value); set it to noeviction"
    }
}
