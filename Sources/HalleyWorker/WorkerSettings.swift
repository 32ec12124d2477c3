import HalleyCore
import HalleyHub
import HalleyRedis
import HalleyTransports
import NIOCore

/// All that a worker is told at its start.
public struct WorkerSettings: Sendable {
    /// Its name in the registry, the shard map and the router.
    public var id: WorkerID
    /// The cluster's name, which prefixes all it has in Redis.
    public var cluster: ClusterName
    /// The cluster's Redis.
    public var redis: RedisEndpoint
    /// Where to listen. Port 0 takes a free one.
    public var listen: HostAndPort
    /// What the router is told to connect to; `nil` for the address listened on, or, where that is all addresses, the
    /// first of this machine that isn't loopback.
    public var advertise: HostAndPort?
    /// The bounds of client connections.
    public var connections: ConnectionBounds
    /// What clients may ask for.
    public var rules: SubscriptionRules
    /// The bounds of channels and rings.
    public var hub: HubBounds
    /// How long a worker counts as alive after its last heartbeat.
    public var lease: TimeAmount
    /// How often it says that it is alive.
    public var beat: TimeAmount
    /// How long the end may take after SIGTERM, at most.
    public var stop: TimeAmount
    /// What tickets are checked with; `nil` for the keys that the coordinators keep in Redis.
    public var ticketKeys: TicketKeys?
    /// Whether `/ws-echo` is served: anybody's bytes, echoed to anybody. For conformance tools alone.
    public var echoesWebSockets: Bool

    /// All of it; the executable knows the defaults.
    public init(
        id: WorkerID, cluster: ClusterName, redis: RedisEndpoint, listen: HostAndPort, advertise: HostAndPort?,
        connections: ConnectionBounds, rules: SubscriptionRules = .standard, hub: HubBounds, lease: TimeAmount,
        beat: TimeAmount, stop: TimeAmount, ticketKeys: TicketKeys?, echoesWebSockets: Bool = false
    ) {
        self.id = id
        self.cluster = cluster
        self.redis = redis
        self.listen = listen
        self.advertise = advertise
        self.connections = connections
        self.rules = rules
        self.hub = hub
        self.lease = lease
        self.beat = beat
        self.stop = stop
        self.ticketKeys = ticketKeys
        self.echoesWebSockets = echoesWebSockets
    }
}
