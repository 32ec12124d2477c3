import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import NIOEmbedded
import Testing

import struct HalleyCore.Channel

/// A hub over a broker in memory, with a clock that the test moves.
final class HubFixture {
    let broker: MemoryBroker
    let clock = TestClock()
    let hub: Hub

    static let linger = TimeAmount.seconds(60)
    static let incarnation = Incarnation(bits: 0xFEED)

    init(
        channels: Int = 100, ringEvents: Int = 1_000, ringBytes: Int = 1 << 20, ringTotalBytes: Int = 1 << 26,
        incarnation: Incarnation = HubFixture.incarnation, sharing other: HubFixture? = nil
    ) {
        broker = MemoryBroker(on: EmbeddedEventLoop(), sharing: other?.broker)
        let clock = clock
        hub = Hub(
            broker: broker,
            bounds: HubBounds(
                channels: channels, linger: Self.linger, ringEvents: ringEvents, ringBytes: ringBytes,
                ringTotalBytes: ringTotalBytes),
            incarnation: incarnation, now: { clock.now })
    }

    func publish(_ text: String, on channel: Channel) { broker.publish(Array(text.utf8), on: channel) }

    @discardableResult
    func record(_ text: String, on channel: Channel, history: Int = 1_000) -> EventID {
        broker.publishDurable(Array(text.utf8), on: channel, history: history)
    }

    /// Joins and has everything confirmed, read and answered.
    @discardableResult
    func join(_ client: TestSubscriber = TestSubscriber(), _ channels: Channel..., from position: Position? = nil)
        throws -> TestSubscriber
    {
        try hub.join(client, channels: channels, from: position)
        broker.settle()
        return client
    }

    /// The broker confirms one channel, asked for or not, and no event comes on it yet.
    func confirm(_ channel: Channel) {
        hub.brokerSubscribed(to: broker.subscriptions[channel] ?? Subscription(to: channel))
    }

    /// Time passes, and the second's sweep comes.
    func pass(_ time: TimeAmount) {
        clock.now = clock.now + time
        hub.sweep()
    }

    func tick(_ milliseconds: UInt64) throws { broker.tick(try watermark(milliseconds)) }
}

final class TestClock {
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
}

/// Of the first life of a broker in memory.
func watermark(_ milliseconds: UInt64) throws -> Watermark {
    Watermark(id: EventID(milliseconds: milliseconds, counter: 0), era: try #require(Era("era100")))
}

/// A position with a cursor into the memory of a worker.
func position(
    _ milliseconds: UInt64 = 1, count: UInt64, incarnation: Incarnation = HubFixture.incarnation
) throws -> Position {
    let mark = try watermark(milliseconds)
    return Position(id: mark.id, era: mark.era, cursor: LiveCursor(incarnation: incarnation, count: count))
}

/// A subscriber that notes what it is told.
final class TestSubscriber: Subscriber {
    var membership = Membership()
    var takesBacklog = true
    private(set) var resumes: [Resume] = []
    private(set) var start: Position?
    private(set) var deliveries: [Delivery] = []
    private(set) var gaps: [Gap] = []
    /// Texts, and gaps as `news 3-0…5-0`, in the order in which they came.
    private(set) var words: [String] = []
    /// Where a client stands that was told all this.
    private(set) var position: Position?
    /// What it does about a delivery, once noted.
    var onDelivery: (() -> Void)?
    var onGap: (() -> Void)?
    /// The hub in which it falls behind when it is live and takes no more. `nil`: it takes events all the same.
    weak var lagsIn: Hub?

    func joined(_ resume: Resume, at position: Position?) {
        resumes.append(resume)
        start = position
        self.position = position ?? self.position
    }

    func deliver(_ delivery: Delivery) {
        if !takesBacklog, let lagsIn, lagsIn.lag(self, from: delivery) { return }
        deliveries.append(delivery)
        words.append(String(decoding: delivery.payload, as: UTF8.self))
        position = delivery.position ?? position
        onDelivery?()
    }

    func tell(_ gap: Gap) {
        gaps.append(gap)
        words.append("\(gap.channel) \(gap.from)…\(gap.to)")
        onGap?()
    }

    func reached(_ position: Position) { self.position = position }

    var texts: [String] { deliveries.map { String(decoding: $0.payload, as: UTF8.self) } }

    func forgetDeliveries() { deliveries = [] }
}

let news = named("news")
let sport = named("sport")
let weather = named("weather")

func named(_ name: String) -> Channel {
    do { return try Channel(name) } catch { preconditionFailure("\(error)") }
}
