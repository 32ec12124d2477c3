import HalleyClient
import HalleyCore
import NIOCore
import NIOPosix

/// One client for the length of a run: connects, reads, and comes back with its position when the connection ends.
///
/// It is the only handler of each of its connections, one after the other.
final class Member: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The channel that it wants, by number.
    let channel: Int
    var ledger = SequenceLedger()
    /// Whether it was there when the first event was published.
    var isCounted = false
    /// Whether it has ever been told a position.
    var hasOpened = false

    private let index: Int
    let crowd: Crowd
    var url: ServerURL
    /// As it was told last; empty before.
    var position: [UInt8] = []
    /// When to come back, in milliseconds, as told by `retry:`.
    var retry: Int?

    // Of the present connection.
    private var context: ChannelHandlerContext?
    var answer = AnswerReader()
    var reading: Reading
    var head: AnswerHead?
    /// What the WebSocket was asked for with.
    var key: String?
    /// Whether an answer of those that the next one follows at once has come whole, and none is asked for yet.
    var isAnswered = false
    var isOpen = false
    var heardAnything = false
    var keepsAlive = false
    /// How many of the name's addresses were tried in vain.
    private var failures = 0

    /// In milliseconds, as Chromium's for an `EventSource` that was told nothing else.
    private static let standardRetry = 3_000
    /// In milliseconds, for clients that read answers themselves: what Halley tells an `EventSource`.
    private static let ownRetry = 500...1_500

    init(index: Int, url: ServerURL, crowd: Crowd) {
        self.index = index
        self.url = url
        self.crowd = crowd
        channel = index % crowd.settings.channels
        reading = Reading(crowd.settings.transport)
    }

    // MARK: - Connecting

    func begin() {
        guard !crowd.isStopping else { return }
        crowd.addresses.addresses(of: url).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let addresses) where !addresses.isEmpty: self.connect(addresses)
            case .success: self.fail("\(self.url.address.host) has no address")
            case .failure(let error): self.fail("\(error)")
            }
        }
    }

    private func connect(_ addresses: [SocketAddress]) {
        let member = NIOLoopBound(self, eventLoop: crowd.eventLoop)
        var bootstrap = ClientBootstrap(group: crowd.eventLoop)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1_024, maximum: 65_536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(member.value)
                }
            }
        var candidates = addresses
        if !crowd.sources.isEmpty {
            let source = crowd.sources[index % crowd.sources.count]
            candidates = addresses.filter { $0.protocol == source.protocol }
            // The port is chosen when it is known where to: one source has each port once for each destination.
            bootstrap = bootstrap.channelOption(Self.bindAddressNoPort, value: 1)
                .bind(to: source)
        }
        guard !candidates.isEmpty else { return fail("no address of \(url.address.host) is of --sources' kind") }
        let address = candidates[failures % candidates.count]
        bootstrap.connect(to: address).assumeIsolated().whenFailure { error in
            self.failures += 1
            // The name's next address at once, as a browser would.
            if self.failures % candidates.count != 0 { return self.connect(addresses) }
            self.fail("\(error)")
        }
    }

    /// `IP_BIND_ADDRESS_NO_PORT` of `ip(7)`.
    private static let bindAddressNoPort = ChannelOptions.Types.SocketOption(
        level: .ip, name: NIOBSDSocket.Option(rawValue: 24))

    private func fail(_ why: String) {
        guard !crowd.isStopping else { return }
        crowd.counts.failed += 1
        crowd.counts.firstTrouble = crowd.counts.firstTrouble ?? "connecting: \(why)"
        comeBack(after: nil)
    }

    private func comeBack(after milliseconds: Int?) {
        guard !crowd.isStopping else { return }
        let wait =
            switch crowd.settings.transport {
            case .sse: retry ?? Self.standardRetry
            case .stream, .longPoll, .jsonp, .iframe, .multipart, .websocket: Int.random(in: Self.ownRetry)
            }
        crowd.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds ?? wait))) { self.begin() }
    }

    func end() {
        if crowd.settings.transport == .websocket, head?.status == 101 { say(WebSocketFrames.close) }
        context?.close(promise: nil)
    }

    // MARK: - The connection

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        key = crowd.settings.transport == .websocket ? WebSocketKey.random() : nil
        answer = AnswerReader(takesUpgrade: key != nil)
        heardAnything = false
        failures = 0
        ask(context)
    }

    func ask(_ context: ChannelHandlerContext) {
        head = nil
        isAnswered = false
        reading = Reading(crowd.settings.transport)
        let request = EventsRequest(crowd.settings.transport, url: url, apex: crowd.settings.url)
        let text = request.text(position: String(decoding: position, as: UTF8.self), key: key)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    func say(_ bytes: [UInt8]) {
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAnything = true
        let now = NIODeadline.now().uptimeNanoseconds
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                var rest = bytes
                while let part = try answer.next(&rest) {
                    switch part {
                    case .head(let head): try begin(head)
                    case .body(let bytes): try take(bytes, now: now)
                    case .end: try finish(context, now: now)
                    }
                }
            }
        } catch {
            crowd.counts.malformed += 1
            crowd.counts.firstTrouble = crowd.counts.firstTrouble ?? "\(error)"
            context.close(promise: nil)
        }
        crowd.flushArrivals()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        let wasOpen = isOpen
        setOpen(false)
        guard !crowd.isStopping else { return }
        // On another connection where the old one wasn't kept.
        if !heardAnything { crowd.counts.unanswered += 1 }
        if !isAnswered, wasOpen || heardAnything { crowd.counts.reconnects += 1 }
        let isRedirected = head.map { [301, 302, 307, 308].contains($0.status) } ?? false
        comeBack(after: isAnswered || isRedirected ? 0 : nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
