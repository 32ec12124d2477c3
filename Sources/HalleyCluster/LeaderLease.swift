import HalleyCore
import HalleyRedis

/// The lease in Redis that makes one coordinator the leader, and what is done with it there.
public struct LeaderLease: Sendable {
    /// What lies in Redis while this coordinator leads: its name, and 64 random bits that tell apart two starts of it.
    public let token: String

    private let redis: any RedisCommands
    private let key: String
    private let lease: Duration

    /// - Parameters:
    ///   - coordinator: the coordinator's name, as it stands in the shard map.
    ///   - lease: how long Redis keeps the lease without a renewal.
    public init(redis: any RedisCommands, name: ClusterName, coordinator: String, lease: Duration) {
        self.redis = redis
        self.lease = lease
        key = name.own("leader")
        token = "\(coordinator) \(Incarnation.random())"
    }

    /// Takes the lease when it is free, renews it when it is ours.
    public func request() async throws -> Leadership.Answer {
        let script = """
            local holder = redis.call('GET', KEYS[1])
            if holder == ARGV[1] then
              redis.call('PEXPIRE', KEYS[1], ARGV[2])
              return 'renewed'
            elseif holder then
              return 'held'
            end
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
            return 'acquired'
            """
        let reply = try await redis.send("EVAL", script, 1, key, token, lease.milliseconds)
        switch reply.string {
        case "acquired": return .acquired
        case "renewed": return .renewed
        case "held": return .held
        default: throw RedisError.unexpectedReply("\(reply) to a request for the lease")
        }
    }

    /// The name of the coordinator that leads just now; `nil` when none does.
    public func holder() async throws -> String? {
        let reply = try await redis.send("GET", key)
        return reply.string?.split(separator: " ").first.map(String.init)
    }

    /// Gives the lease back, so that another needn't wait until it has run out.
    public func resign() async throws {
        let script = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
        try await redis.send("EVAL", script, 1, key, token)
    }
}
