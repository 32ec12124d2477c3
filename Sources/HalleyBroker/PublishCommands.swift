import HalleyCore
import HalleyRedis

/// What publishing says to Redis: for ``RedisPublisher``, and for those who send without waiting for each answer.
public struct PublishCommands: Sendable {
    private let keys: RedisKeys

    /// The commands of one cluster's publishers.
    public init(_ cluster: ClusterName) { keys = RedisKeys(cluster) }

    /// `PUBLISH`: answered with the number of Redis' subscribers that took it.
    public func live(_ channel: Channel, payload: [UInt8]) -> RedisCommand {
        RedisCommand("PUBLISH", keys.live(channel), payload)
    }

    /// `halley_publish`: answered with the event's id.
    public func durable(_ channel: Channel, payload: [UInt8], options: PublishOptions) -> RedisCommand {
        let call: [any RedisArgument] = ["FCALL", "halley_publish", 1, keys.live(channel), payload]
        return RedisCommand(arguments: call + options.arguments)
    }

    /// Throws a channel's log away; what was published there can't be had any more.
    public func forget(_ channel: Channel) -> RedisCommand { RedisCommand("UNLINK", keys.log(channel)) }
}
