import HalleyRedis
import Synchronization

/// Whether Redis may throw away keys of its own accord. A log or a clock that is evicted is lost data that nobody was told
/// of, so anything but `noeviction` keeps a process from being ready.
package final class MemoryPolicy: Sendable {
    private let policy = Mutex<String?>(nil)

    package init() {}

    /// What to ask Redis.
    package static var question: RedisCommand { RedisCommand(arguments: ["CONFIG", "GET", "maxmemory-policy"]) }

    /// Asks a new connection's server.
    package func check(on connection: RedisConnection) async throws {
        do {
            answered(.success(try await connection.send("CONFIG", "GET", "maxmemory-policy")))
        } catch let refusal as RedisErrorReply {
            answered(.failure(refusal))
        }
    }

    /// Takes the answer. Where `CONFIG` isn't permitted, as at most hosts of Redis, nothing is known and nothing is held
    /// against it; no answer at all changes nothing.
    package func answered(_ result: Result<RESPValue, any Error>) {
        switch result {
        case .success(let reply): policy.withLock { $0 = reply.pairs?["maxmemory-policy"]?.string }
        case .failure(is RedisErrorReply): policy.withLock { $0 = nil }
        case .failure: break
        }
    }

    /// What is wrong, for a health check; `nil` when nothing is.
    package var complaint: String? {
        guard let value = policy.withLock({ $0 }), value != "noeviction" else { return nil }
        return "Redis' maxmemory-policy is \(value); set it to noeviction"
    }
}
