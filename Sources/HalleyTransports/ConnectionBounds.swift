import NIOCore

/// The bounds of what a client may hold and keep waiting.
public struct ConnectionBounds: Sendable {
    /// The most held requests; one more is told to come back later.
    public var connections: Int
    /// The most unsent bytes of one connection in this process. Events that are over it wait in the channels' rings until the
    /// client has read what there was; anything else that is over it closes the connection.
    public var outboundBytes: Int
    /// About how many unsent bytes of one connection the kernel keeps, before what follows counts by ``outboundBytes``:
    /// `TCP_NOTSENT_LOWAT`, tcp(7). By itself it would keep megabytes for a client that doesn't read. One turn of the loop
    /// brings up to 256 KiB from Redis, and a client that reads must get through a burst of some turns.
    public var kernelBytes: Int
    /// How long a client for which events wait may take nothing; then it is closed as too slow.
    public var stall: TimeAmount
    /// How long a stream is silent at most: then a heartbeat moves the client's position.
    public var heartbeat: TimeAmount
    /// How long a long poll waits for an event at most.
    public var poll: TimeAmount
    /// How long a request's head may take to arrive.
    public var head: TimeAmount
    /// How long a connection may idle between two requests.
    public var idle: TimeAmount
    /// How long a subscriber waits for the broker's confirmation before it is told to come back.
    public var join: TimeAmount
    /// The largest message that a client may send on a WebSocket, and the largest frame, in bytes.
    public var webSocketMessageBytes: Int

    /// The bounds; each is documented where it is declared.
    public init(
        connections: Int, outboundBytes: Int, kernelBytes: Int = 1_048_576, stall: TimeAmount = .seconds(10),
        heartbeat: TimeAmount, poll: TimeAmount, head: TimeAmount, idle: TimeAmount, join: TimeAmount,
        webSocketMessageBytes: Int = 65_536
    ) {
        self.connections = connections
        self.outboundBytes = outboundBytes
        self.kernelBytes = kernelBytes
        self.stall = stall
        self.heartbeat = heartbeat
        self.poll = poll
        self.head = head
        self.idle = idle
        self.join = join
        self.webSocketMessageBytes = webSocketMessageBytes
    }
}
