import NIOCore

/// The bounds of what a client may hold and keep waiting.
public struct ConnectionBounds: Sendable {
    /// The most held requests; one more is told to come back later.
    public var connections: Int
    /// The most unsent bytes of one connection in this process; over it the connection is closed as too slow.
    public var outboundBytes: Int
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

    /// The bounds; each is documented where it is declared.
    public init(
        connections: Int, outboundBytes: Int, heartbeat: TimeAmount, poll: TimeAmount, head: TimeAmount,
        idle: TimeAmount, join: TimeAmount
    ) {
        self.connections = connections
        self.outboundBytes = outboundBytes
        self.heartbeat = heartbeat
        self.poll = poll
        self.head = head
        self.idle = idle
        self.join = join
    }
}
