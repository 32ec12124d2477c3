import NIOCore

/// The bounds of a connection to Redis and of the link that renews it.
public struct RedisLinkOptions: Hashable, Sendable {
    /// How long connecting may take, per address. 1 s: together with ``backoffCap`` less than the 2 s within which a link
    /// must be back once a host is that answered nothing. A lost SYN is sent again after 1 s (RFC 6298), by us instead of by the kernel.
    public var connectTimeout: TimeAmount = .seconds(1)
    /// How long any one reply may take. 3 s: a pipeline that hangs is dead, and closing it fails everything behind the
    /// head at once instead of one timeout after the other.
    public var replyDeadline: TimeAmount = .seconds(3)
    /// The longest wait after a first failure. 50 ms: most losses are a restart of Redis or of something on the way.
    public var backoffBase: TimeAmount = .milliseconds(50)
    /// The longest wait between two attempts. 250 ms: events shall flow again within 1 s after Redis is back, and a refused
    /// connection costs Redis' host next to nothing, a hundred workers' eight hundred a second included.
    public var backoffCap: TimeAmount = .milliseconds(250)
    /// How many commands of one connection may wait for replies. 10,000: a second's worth in a storm.
    public var maximumPendingCommands = 10_000
    /// How many bytes of commands may wait for replies. 64 MiB, what one largest command may have.
    public var maximumPendingBytes = 64 << 20
    /// How many channels go into one `SUBSCRIBE` after a reconnect; the next goes out when Redis has confirmed these. 500:
    /// Redis serves others between two commands, and its output buffer for us (`client-output-buffer-limit pubsub`, 8 MB
    /// soft) never holds more than the confirmations of one.
    public var subscriptionBatch = 500

    /// The defaults.
    public init() {}
}
