extension HalleyClient {
    /// How events travel to a client.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        /// A line of JSON for each message. The one to take unless something in between asks for another.
        case stream
        /// Server-sent events: for proxies that let nothing else stream.
        case sse
        /// An answer for each burst of events: for proxies that let nothing stream.
        case longPoll = "long-poll"
        /// A text frame for each message: where something in between counts held requests and lets WebSockets through.
        case websocket
    }

    /// How a client behaves. The defaults suit Halley's.
    public struct Options: Sendable {
        /// How events travel.
        public var transport = Transport.stream
        /// Where to go on: a ``Message/position`` from an earlier time. `nil` begins with what comes now.
        public var position: String?
        /// What the cluster asks a client for before it gives it a session, sent as `Authorization: Bearer`. Asked for anew
        /// for every session: it may fetch one. When it throws, the client tries again later.
        public var token: (@Sendable () async throws -> String)?
        /// The longest silence, after which a connection counts as dead. Halley says something every 15 s, and answers a
        /// poll after 25 s at the latest.
        public var silence = Duration.seconds(40)
        /// How long connecting may take, the handshake of TLS included.
        public var connecting = Duration.seconds(10)
        /// The longest wait before another try is drawn evenly between nothing and this, doubled for every failure in a
        /// row: "full jitter" spreads a crowd of clients that lost the same server.
        public var firstRetry = Duration.seconds(1)
        /// What ``firstRetry`` grows to at most.
        public var longestRetry = Duration.seconds(30)
        /// How long to go on without a connection before the sequence ends with an error; `nil` for ever.
        public var patience: Duration?
        /// How many bytes are read ahead of who takes the messages, about: beyond, the socket isn't read.
        public var readAhead = 65_536
        /// A PEM file of the authorities that may certify an `https` server; `nil` for those of the system.
        public var certificateAuthorities: String?

        /// The defaults.
        public init() {}
    }
}
