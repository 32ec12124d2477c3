import HalleyCore
import HalleyRedis

/// Publishes events. Safe from anywhere.
public protocol Publisher: Sendable {
    /// Publishes a live event.
    /// - Returns: how many of Redis' subscribers took it: workers with somebody who wants the channel. Not how many
    ///   browsers got it.
    func publishLive(_ channel: Channel, payload: [UInt8]) async throws -> Int

    /// Publishes a durable event.
    /// - Returns: its id; where the idempotency key was known, the id of the first time.
    func publish(_ channel: Channel, payload: [UInt8], options: PublishOptions) async throws -> EventID
}

/// How a durable event is kept. `nil` is the function library's default.
public struct PublishOptions: Hashable, Sendable {
    /// The longest idempotency key, in bytes.
    public static let maximumKeyLength = 128

    /// How many events the channel's log keeps, this one included: 1 or more, 1,000 by default.
    public var history: Int?
    /// For how long the log is kept after this event, in milliseconds; lengthens the cluster's T, never shortens it.
    public var ttl: Int?
    /// Publishing again with the same key, 1 to ``maximumKeyLength`` bytes, on the same channel delivers nothing.
    public var key: String?
    /// For how long the key is remembered, in milliseconds; 10 minutes by default.
    public var keyTTL: Int?

    /// All defaults, unless said otherwise.
    public init(history: Int? = nil, ttl: Int? = nil, key: String? = nil, keyTTL: Int? = nil) {
        self.history = history
        self.ttl = ttl
        self.key = key
        self.keyTTL = keyTTL
    }

    var arguments: [any RedisArgument] {
        var arguments: [any RedisArgument] = []
        if let history { arguments += ["history", history] }
        if let ttl { arguments += ["ttl", ttl] }
        if let key { arguments += ["key", key] }
        if let keyTTL { arguments += ["keyttl", keyTTL] }
        return arguments
    }
}

/// Publishes through Redis.
public struct RedisPublisher: Publisher {
    private let redis: any RedisCommands
    private let commands: PublishCommands

    /// A publisher of one cluster's events.
    public init(_ redis: any RedisCommands, cluster: ClusterName) {
        self.redis = redis
        commands = PublishCommands(cluster)
    }

    /// Publishes with `PUBLISH`.
    /// - Throws: ``HalleyRedis/RedisError`` or ``HalleyRedis/RedisErrorReply``.
    public func publishLive(_ channel: Channel, payload: [UInt8]) async throws -> Int {
        let reply = try await redis.send(commands.live(channel, payload: payload))
        guard let receivers = reply.integer else { throw RedisError.unexpectedReply("PUBLISH answered \(reply)") }
        return Int(receivers)
    }

    /// Publishes with `halley_publish`.
    /// - Throws: ``HalleyRedis/RedisError``, or ``HalleyRedis/RedisErrorReply`` saying what was expected.
    public func publish(_ channel: Channel, payload: [UInt8], options: PublishOptions) async throws -> EventID {
        let reply = try await redis.send(commands.durable(channel, payload: payload, options: options))
        guard let id = reply.string.flatMap({ EventID($0) }) else {
            throw RedisError.unexpectedReply("halley_publish answered \(reply)")
        }
        return id
    }
}
