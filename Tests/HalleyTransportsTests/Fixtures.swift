import HalleyBroker
import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import NIOEmbedded
import Testing

import struct HalleyCore.Channel

/// A server on an event loop whose time the test moves, over a broker in memory.
final class ServerFixture {
    let loop = EmbeddedEventLoop()
    let broker: MemoryBroker
    let hub: Hub
    let server: TransportServer

    static let incarnation = Incarnation(bits: 0xFEED)

    init(bounds: ConnectionBounds = .test, rules: SubscriptionRules = .standard, ringEvents: Int = 100_000) throws {
        let loop = loop
        broker = MemoryBroker(on: loop)
        hub = Hub(
            broker: broker,
            bounds: HubBounds(
                channels: 1_000, linger: .seconds(60), ringEvents: ringEvents, ringBytes: 1 << 24,
                ringTotalBytes: 1 << 26),
            incarnation: Self.incarnation, now: { loop.now })
        server = TransportServer(
            hub: hub, bounds: bounds, rules: rules, name: "worker-1", eventLoop: loop
        ) { request in
            request.path == "/health/live" ? HTTPResponse(status: .ok, body: Array("live".utf8)) : nil
        }
        server.startWheel()
        try tick(1)
    }

    func tick(_ milliseconds: UInt64) throws {
        broker.tick(
            Watermark(id: EventID(milliseconds: milliseconds, counter: 0), era: try #require(Era("era100"))))
    }

    /// A new connection.
    func connect() throws -> EmbeddedClient { try EmbeddedClient(fixture: self) }

    /// A connection that has asked, with everything confirmed.
    func ask(_ request: String) throws -> EmbeddedClient {
        let client = try connect()
        try client.send(request)
        broker.settle()
        loop.run()
        return client
    }

    /// Publishes, and lets the turn of the loop end.
    func publish(_ text: String, on channel: Channel = news) {
        broker.publish(Array(text.utf8), on: channel)
        loop.run()
    }

    func pass(_ time: TimeAmount) { loop.advanceTime(by: time) }
}

extension ConnectionBounds {
    static let test = ConnectionBounds(
        connections: 100, outboundBytes: 65_536, heartbeat: .seconds(15), poll: .seconds(25), head: .seconds(10),
        idle: .seconds(75), join: .seconds(5))
}

/// The far end of a connection without a socket. What was written but not flushed isn't seen.
final class EmbeddedClient {
    let channel: EmbeddedChannel
    private let fixture: ServerFixture
    private var received: [UInt8] = []

    /// What happens whenever the server writes.
    var onWrite: (() -> Void)?

    init(fixture: ServerFixture) throws {
        self.fixture = fixture
        let tap = WriteTap()
        channel = EmbeddedChannel(handlers: [tap, fixture.server.makeConnection()], loop: fixture.loop)
        tap.onWrite = { [weak self] in self?.onWrite?() }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Sends, and lets the turn of the loop end.
    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        fixture.loop.run()
    }

    func close() { channel.close(promise: nil) }

    /// Stops taking what is sent, or takes it again.
    func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
        fixture.loop.run()
    }

    var isOpen: Bool { channel.isActive }

    /// All that has come, up to now.
    var bytes: [UInt8] {
        get throws {
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
                received.append(contentsOf: buffer.readableBytesView)
            }
            return received
        }
    }

    /// The answers in all that has come.
    var answers: [Answer] { get throws { try Answer.all(in: bytes) } }

    /// The one answer that has come.
    var answer: Answer {
        get throws {
            let answers = try answers
            #expect(answers.count == 1)
            return try #require(answers.first)
        }
    }
}

/// Stands between the server and the socket, and sees each write.
private final class WriteTap: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var onWrite: (() -> Void)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        onWrite?()
    }
}

let news = named("news")
let sport = named("sport")

func named(_ name: String) -> Channel {
    do { return try Channel(name) } catch { preconditionFailure("\(error)") }
}

func delivery(
    _ payload: [UInt8], on channel: Channel = news, position: Position? = nil,
    budget: RingBudget = RingBudget(limit: .max)
) -> Delivery {
    Delivery(channel: channel, payload: payload, position: position, count: 1, budget: budget)
}

func delivery(_ text: String, on channel: Channel = news, position: Position? = nil) -> Delivery {
    delivery(Array(text.utf8), on: channel, position: position)
}

let somewhere: Position = {
    guard let position = try? Position(parsing: "1795359771922-57.aB3xYz~0123456789abcdef.4711") else {
        preconditionFailure("a position of our own form")
    }
    return position
}()

/// `GET` for what a test asks most.
func get(_ target: String, _ fields: String..., version: String = "1.1") -> String {
    "GET \(target) HTTP/\(version)\r\nHost: s1.push.localhost\r\n"
        + fields.filter { !$0.isEmpty }.map { $0 + "\r\n" }.joined() + "\r\n"
}
