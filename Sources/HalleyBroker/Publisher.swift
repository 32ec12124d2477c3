import HalleyCore
import HalleyRedis

/// Publishes events. Safe from anywhere.
public protocol Publisher: Sendable {
    /// Publishes a live event.
    /// - Returns: how many of Redis' subscribers took it: workers with somebody who wants the channel. Not how many
    ///   browsers got it.
    func publishLive(_ channel: Channel, payload: [UInt8]) async throws -> Int
}

/// Publishes through Redis.
public struct RedisPublisher: Publisher {
    private let commands: any RedisCommands
    private let keys: RedisKeys

    /// A publisher of one cluster's events.
    public init(_ commands: any RedisCommands, cluster: ClusterName) {
        self.commands = commands
        keys = RedisKeys(cluster)
    }

    /// Publishes with `PUBLISH`.
    /// - Throws: ``HalleyRedis/RedisError`` or ``HalleyRedis/RedisErrorReply``.
    public func publishLive(_ channel: Channel, payload: [UInt8]) async throws -> Int {
        let reply = try await commands.send("PUBLISH", keys.live(channel), payload)
        guard let receivers = reply.integer else { throw RedisError.unexpectedReply("PUBLISH answered \(reply)") }
        return Int(receivers)
    }
}
