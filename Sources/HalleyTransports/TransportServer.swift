import FoundationEssentials
import HalleyCore
import HalleyHub
import Metrics
import NIOCore
import NIOPosix

/// Accepts connections and holds what they share: the hub, the bounds, the wheel, the bytes that are the same for all.
///
/// Bound to one event loop: everything is called on it.
public final class TransportServer {
    let hub: Hub
    let bounds: ConnectionBounds
    /// The value of `Halley-Worker`.
    let name: String
    private let rules: SubscriptionRules
    private let routes: (HTTPRequest) -> HTTPResponse?
    private var wheel = TimerWheel<Connection>(slots: TransportServer.slots)
    private var dirty: [Connection] = []
    /// The last turn's list, empty: its memory serves the next.
    private var spareDirty: [Connection] = []
    /// What is due to several connections in this turn of the loop.
    var runs = Runs()
    /// What connections' bytes are read to.
    let receiveBuffer: NIOLoopBoundBox<ByteBuffer>
    private var listener: (any NIOCore.Channel)?
    private var timer: RepeatedTask?
    private var turns = 0
    private var trim = HeapTrim()
    let eventLoop: any EventLoop

    /// The event loop's clock.
    var now: NIODeadline { eventLoop.now }

    /// Requests that are held at present.
    var held = 0
    private(set) var isStopping = false
    /// Whether `/ws-echo` is served, for conformance tools.
    public var echoesWebSockets = false
    /// What tickets are checked with; `nil` until they are known.
    public var ticketKeys: TicketKeys?

    /// The last request whose query says all, and what it asked for.
    private var lastSubscription: (request: HTTPRequest, subscription: SubscriptionRequest)?

    let slowConsumers = Counter(label: "halley_connections_closed_slow_total")
    private let refusedBusy = Counter(label: "halley_connections_refused_total")
    private let heldGauge = Gauge(label: "halley_connections_held")

    /// A revolution takes a second: deadlines are kept to within one, and 20,000 heartbeats come a thousand at a time.
    private static let slots = 20
    /// Sockets over the limit of held requests, for those that are to be told to come back, and for health checks.
    private static let reserve = 500

    /// - Parameter routes: what answers requests for other paths than `/events` and `/probe`; `nil` from it is a 404.
    public init(
        hub: Hub, bounds: ConnectionBounds, rules: SubscriptionRules = .standard, name: String,
        eventLoop: any EventLoop, routes: @escaping (HTTPRequest) -> HTTPResponse?
    ) {
        self.hub = hub
        self.bounds = bounds
        self.rules = rules
        self.name = name
        self.eventLoop = eventLoop
        self.routes = routes
        receiveBuffer = .makeBoxSendingValue(ByteBuffer(), eventLoop: eventLoop)
    }

    /// How many requests are held at present.
    public var heldRequests: Int { held }

    /// Begins to listen.
    ///
    /// - Returns: the address bound to, which says the port where 0 was asked for.
    public func start(host: String, port: Int) -> EventLoopFuture<SocketAddress?> {
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        let bounds = bounds
        let receiveBuffer = receiveBuffer
        let bootstrap = ServerBootstrap(group: eventLoop)
            // A dead worker's clients come back within a second: thousands of connections at once.
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // On the listener, from which Linux' sockets inherit them: three system calls less for each that is accepted.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelOption(TCPOption.notSentLowWater, value: bounds.kernelBytes)
            .serverChannelOption(TCPOption.userTimeout, value: 30_000)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.setUp(channel, bounds, receiveBuffer)
                    try channel.pipeline.syncOperations.addHandler(server.value.makeConnection(isAlone: true))
                }
            }
        return bootstrap.bind(host: host, port: port).assumeIsolated().map { channel in
            self.listener = channel
            self.startWheel()
            return channel.localAddress
        }.nonisolated()
    }

    /// At once and not as the bootstrap's options, of which each costs a promise.
    private static func setUp(
        _ channel: any NIOCore.Channel, _ bounds: ConnectionBounds, _ receiveBuffer: NIOLoopBoundBox<ByteBuffer>
    ) throws {
        guard let options = channel.syncOptions else { return }
        // The default keeps 2 KiB in every held connection.
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(.recvAllocator, value: FleetingReceiveAllocator(sharing: receiveBuffer))
        // One mark: with a lower one to come back under, a client that an event brought over the bound for a moment would
        // count as full down to half of it.
        try options.setOption(
            .writeBufferWaterMark, value: .init(low: bounds.outboundBytes, high: bounds.outboundBytes))
    }

    /// Ends everything: closes the listener, and within a second, spread over it, every held request so that its client
    /// knows the answer for whole and comes back.
    public func stop() {
        isStopping = true
        listener?.close(promise: nil)
    }

    /// Whether nobody is connected any more.
    public var isIdle: Bool { wheel.count == 0 }

    // MARK: - Connections

    /// The one handler of a new connection's channel.
    ///
    /// - Parameter isAlone: whether the channel has and will have no other handler: no TLS, for example. Then bytes may
    ///   go to its socket itself.
    package func makeConnection(isAlone: Bool = false) -> any ChannelInboundHandler {
        Connection(server: self, isAlone: isAlone)
    }

    /// - Returns: `false` when there are too many sockets even to tell the client so.
    func opened(_ connection: Connection) -> Bool {
        wheel.add(connection)
        return wheel.count <= bounds.connections + Self.reserve
    }

    func closed(_ connection: Connection) { wheel.remove(connection) }

    /// What to do with a request.
    package enum Answer {
        case respond(HTTPResponse, thenClose: Bool)
        case subscribe(SubscriptionRequest)
        case probe(Probe)
        case upgrade(SubscriptionRequest, head: ByteBuffer)
        case echo(head: ByteBuffer)
    }

    package func answer(to request: HTTPRequest) -> Answer {
        if request.path == "/probe" {
            return request.method == "GET" ? probe(request) : .respond(Self.wrongMethod, thenClose: false)
        }
        if request.path == "/ws-echo", echoesWebSockets { return echo(request) }
        guard request.path == "/events" else {
            let response = request.method == "GET" ? routes(request) : routes(request).map { _ in Self.wrongMethod }
            return .respond(
                response ?? .error(.notFound, "there is nothing here; events are at /events"), thenClose: false)
        }
        if request.method == "OPTIONS" { return .respond(Self.preflight, thenClose: false) }
        guard request.method == "GET" else { return .respond(Self.wrongMethod, thenClose: false) }
        do throws(SubscriptionError) {
            let subscription = try subscription(request)
            guard subscription.transport != .websocket else { return upgrade(request, to: subscription) }
            guard mayHoldMore else {
                return .respond(busy(subscription, because: Self.full), thenClose: true)
            }
            return .subscribe(subscription)
        } catch {
            // Somebody on the way may take a refused upgrade for a tunnel.
            let isUpgrade = request.mentions("websocket", in: "upgrade")
            return .respond(refusal(of: request, because: error), thenClose: isUpgrade)
        }
    }

    private func probe(_ request: HTTPRequest) -> Answer {
        guard let probe = Probe(request) else { return .respond(Probe.refusal, thenClose: false) }
        guard mayHoldMore else { return .respond(busy(.stream, because: Self.full), thenClose: true) }
        return .probe(probe)
    }

    var mayHoldMore: Bool { held < bounds.connections && !isStopping }

    /// Polls come back from the same answer with the same query, one behind the other: it is read once for all of them.
    private func subscription(_ request: HTTPRequest) throws(SubscriptionError) -> SubscriptionRequest {
        if let last = lastSubscription, last.request.hasQuery(of: request), last.subscription.asksTheSame(request) {
            return last.subscription
        }
        let subscription = try SubscriptionRequest(
            request, keys: ticketKeys, rules: rules, now: Self.secondsSince1970())
        if subscription.isOfQueryAlone { lastSubscription = (request, subscription) }
        return subscription
    }

    private func refusal(of request: HTTPRequest, because error: SubscriptionError) -> HTTPResponse {
        if case .ticket(.expired) = error, let location = ApexRedirect.location(of: request) {
            return HTTPResponse(status: .temporaryRedirect, fields: [("Location", location)])
        }
        let query = QueryItems(request.query) ?? .none
        let transport = try? Transport(of: request, query: query)
        // Whatever it asked for, a script understands this alone; and who names a transport that isn't there is a script
        // if it names a function.
        let isScript = rules.offersJSONP && (transport ?? .jsonp) == .jsonp
        let callback = isScript ? query["callback"].flatMap(JSONP.Callback.init) : nil
        if error == .keysUnknown, let transport {
            return busy(transport, callback: callback, because: error.message)
        }
        if let callback { return JSONP.refusal(callback, error.status, error.message) }
        return .error(error.status, error.message, fields: error.fields)
    }

    /// "Come back later."
    func busy(_ subscription: SubscriptionRequest, because reason: String) -> HTTPResponse {
        guard case .callback(let callback) = subscription.page else {
            return busy(subscription.transport, because: reason)
        }
        return busy(subscription.transport, callback: callback, because: reason)
    }

    /// An `EventSource` that is answered 503 never comes back, so it gets a stream that ends at once.
    private func busy(
        _ transport: Transport, callback: JSONP.Callback? = nil, because reason: String
    ) -> HTTPResponse {
        refusedBusy.increment()
        if let callback { return JSONP.refusal(callback, .serviceUnavailable, reason) }
        guard transport != .sse else {
            return HTTPResponse(
                status: .ok, contentType: "text/event-stream", body: Array("retry: \(retry())\n\n".utf8))
        }
        return .error(.serviceUnavailable, reason, fields: [("Retry-After", "1")])
    }

    static let full = "this worker holds as many requests as it may"

    /// How long a poll waits at most: as long as a poll may, or less where its client says so, as one does that has no
    /// position yet and wants one.
    func patience(of poll: SubscriptionRequest) -> TimeAmount {
        guard poll.limits.seconds > 0 else { return bounds.poll }
        return min(bounds.poll, .seconds(Int64(poll.limits.seconds)))
    }

    /// 500 to 1,500 ms: the clients of a dead worker come back spread over a second.
    func retry() -> Int { .random(in: 500...1_500) }

    /// Half to the whole of the interval, so that clients that joined together don't beat together.
    func firstHeartbeat() -> TimeAmount {
        .nanoseconds(.random(in: bounds.heartbeat.nanoseconds / 2...bounds.heartbeat.nanoseconds))
    }

    // MARK: - The loop

    /// Flushes the connection at the end of this turn of the loop: a lone event leaves at once, and many for one
    /// connection leave together.
    func markDirty(_ connection: Connection) {
        guard connection.markDirty() else { return }
        dirty.append(connection)
        if dirty.count == 1 { eventLoop.assumeIsolated().execute { self.flushDirty() } }
    }

    private func flushDirty() {
        var connections = spareDirty
        spareDirty = []
        swap(&connections, &dirty)
        for connection in connections { connection.flush() }
        runs.end()
        connections.removeAll(keepingCapacity: true)
        spareDirty = connections
    }

    /// Begins to visit the connections. ``start(host:port:)`` does it by itself.
    package func startWheel() {
        let interval = TimeAmount.nanoseconds(TimeAmount.seconds(1).nanoseconds / Int64(Self.slots))
        let server = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            server.value.turnWheel()
        }
    }

    private func turnWheel() {
        let now = now
        for connection in wheel.turn() { connection.visit(now: now) }
        turns += 1
        if turns % Self.slots == 0 {
            hub.sweep()
            heldGauge.record(held)
            if trim.isDue(held: held, now: now) { HeapTrim.release() }
        }
        if isStopping, isIdle { timer?.cancel() }
    }

    // MARK: - Answers that never change

    private static let wrongMethod = HTTPResponse.error(
        .methodNotAllowed, "only GET is answered here", fields: [("Allow", "GET, OPTIONS")])

    private static let preflight = HTTPResponse(
        status: .noContent,
        fields: [
            ("Access-Control-Allow-Methods", "GET, OPTIONS"),
            ("Access-Control-Allow-Headers", "Authorization, Cache-Control, Last-Event-ID"),
            // The longest that browsers keep it: Chromium two hours, Firefox a day.
            ("Access-Control-Max-Age", "86400"),
        ])

    private static func secondsSince1970() -> Int64 {
        Int64(Date().timeIntervalSince1970)
    }
}
