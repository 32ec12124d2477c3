import HalleyCore
import HalleyRedis
import Logging

/// Sees to it that Redis has the function library, on every connection anew: the server behind the address may be
/// another one by now: `RedisCommandLink(…, onConnect: LibraryLoader(cluster, logger: logger).load)`.
public struct LibraryLoader: Sendable {
    /// How often loading is tried when others change the library meanwhile. 5: each failure is another's success, and a
    /// cluster's processes that start together are done after one.
    static let maximumAttempts = 5

    private let keys: RedisKeys
    private let logger: Logger
    private let version: Int64
    private let source: String

    /// A loader of this build's library.
    public init(_ cluster: ClusterName, logger: Logger) {
        self.init(cluster, logger: logger, version: FunctionLibrary.version, source: FunctionLibrary.source)
    }

    /// A loader of another version, for tests of upgrades.
    package init(_ cluster: ClusterName, logger: Logger, version: Int64, source: String) {
        keys = RedisKeys(cluster)
        self.logger = logger
        self.version = version
        self.source = source
    }

    /// Loads the library when it is missing or older. Never when it is newer: in a rolling upgrade the old processes
    /// work on with the new library.
    ///
    /// Between looking and loading another process may load. The key ``RedisKeys/library`` is watched, so that the
    /// transaction fails then, and the next look sees what the other has loaded.
    /// - Parameter connection: a new one that nobody else uses yet, for `WATCH` and `MULTI` belong to the connection.
    @Sendable public func load(on connection: RedisConnection) async throws {
        for _ in 0..<Self.maximumAttempts {
            if let present = try await loadedVersion(connection), present >= version { return }
            try await connection.send("WATCH", keys.library)
            if let present = try await loadedVersion(connection), present >= version {
                try await connection.send("UNWATCH")
                return
            }
            try await connection.send("MULTI")
            try await connection.send("SET", keys.library, version)
            try await connection.send("FUNCTION", "LOAD", "REPLACE", source)
            let results = try await connection.send("EXEC")
            if results.isNull { continue }
            for case .error(let reply) in results.array ?? [] { throw reply }
            logger.info("loaded the function library into Redis", metadata: ["version": "\(version)"])
            return
        }
        throw RedisError.unexpectedReply("others kept changing the function library while it was loaded")
    }

    /// `nil` when there is no library.
    private func loadedVersion(_ connection: RedisConnection) async throws -> Int64? {
        do {
            let reply = try await connection.send("FCALL", "halley_version", 0)
            guard let version = reply.integer else {
                throw RedisError.unexpectedReply("halley_version answered \(reply)")
            }
            return version
        } catch let reply as RedisErrorReply where reply.isMissingFunction {
            return nil
        }
    }
}

extension RedisErrorReply {
    /// Whether Redis has no such function. It has no code of its own for that.
    var isMissingFunction: Bool { description.hasPrefix("ERR Function not found") }
}
