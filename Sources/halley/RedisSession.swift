import ArgumentParser
import HalleyRedis
import NIOCore
import NIOPosix

/// A connection to Redis for the length of one command.
enum RedisSession {

    /// - Throws: one line that names the Redis that can't be reached, or what `body` throws.
    static func with(_ options: RedisOptions, body: (RedisConnection) async throws -> Void) async throws {
        let connection: RedisConnection
        do {
            connection = try await RedisConnection.connect(
                to: options.redis, on: NIOSingletons.posixEventLoopGroup.next(), options: RedisLinkOptions()
            ).get()
        } catch {
            throw ValidationError("Redis at \(options.redis) can't be reached: \(error)")
        }
        do {
            try await body(connection)
        } catch {
            connection.close()
            throw error
        }
        connection.close()
    }
}
