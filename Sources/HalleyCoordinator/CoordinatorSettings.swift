import HalleyCluster
import HalleyCore
import HalleyRedis
import HalleyRouter

/// All that a coordinator is told at its start. Plain values: reading them from flags and variables, and saying what is
/// wrong with them, is the executable's part.
public struct CoordinatorSettings: Sendable {
    /// The coordinator's name in logs, in the shard map and in `GET /shards`. Not a secret, and need not be unique:
    /// leadership is by a token.
    public var id: String
    /// Of Halley, as `GET /health/live` shows it.
    public var version: String
    /// Where the public listener is bound. 127.0.0.1:9100.
    public var listen: HostAndPort
    /// Where the administrators' listener is bound. 127.0.0.1:9101; it asks for no password, so keep it there.
    public var admin: HostAndPort
    /// Whether the public listener serves the administrators' routes too.
    public var isOpen: Bool
    /// The apex as users write it. Its host is the domain that shards are below. http://push.localhost:8080.
    public var publicURL: ApexURL
    /// Sites other than the apex whose pages may ask for sessions.
    public var allowedOrigins: Set<Origin>
    /// The cluster's Redis.
    public var redis: RedisEndpoint
    /// The cluster's name, which prefixes all that it has in Redis.
    public var cluster: ClusterName
    /// The routers that the leader tells about the shards. None is fine: somebody else may route.
    public var routers: [RouterAddress]
    /// How long workers' and the leader's word holds.
    public var leases: LeaseTimes
    /// How long a ticket admits, in seconds. 3,600.
    public var ticketLifetime: Int
    /// T: for how long a channel's durable events stay in Redis after the last of them, in milliseconds. `nil` leaves what
    /// another coordinator has written, or the function library's hour.
    public var retention: Int?
    /// What tickets are signed with; `nil` for keys made once and kept in Redis.
    public var ticketKeys: TicketKeys?

    /// Settings with every default in place.
    public init(id: String, version: String) {
        self.id = id
        self.version = version
        listen = HostAndPort(host: "127.0.0.1", port: 9_100)
        admin = HostAndPort(host: "127.0.0.1", port: 9_101)
        isOpen = false
        publicURL = .standard
        allowedOrigins = []
        redis = RedisEndpoint(address: .tcp(host: "127.0.0.1", port: RedisEndpoint.standardPort))
        cluster = .standard
        routers = []
        leases = .standard
        ticketLifetime = 3_600
        retention = nil
        ticketKeys = nil
    }
}
