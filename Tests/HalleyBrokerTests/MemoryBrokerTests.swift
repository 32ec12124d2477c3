import HalleyBroker
import HalleyCore
import NIOEmbedded
import Testing

import struct HalleyCore.Channel

@Suite struct MemoryBrokerTests {
    private final class Listener: BrokerListener {
        var events: [String] = []
        func brokerReceived(_ payload: [UInt8], stamp: Stamp?, on subscription: Subscription) {
            events.append("\(subscription.channel): \(String(decoding: payload, as: UTF8.self))")
        }
        func brokerSubscribed(to subscription: Subscription) { events.append("subscribed \(subscription.channel)") }
        func brokerTicked(_ watermark: Watermark) { events.append("tick \(watermark.id)") }
        func brokerRewound(to watermark: Watermark) { events.append("rewound \(watermark.id)") }
        func brokerLost() { events.append("lost") }
    }

    @Test func behavesAsABroker() throws {
        let broker = MemoryBroker(on: EmbeddedEventLoop())
        let listener = Listener()
        broker.listener = listener
        let (news, sport) = (try Channel("news"), try Channel("sport"))
        let era = try #require(Era("aaaaaa"))
        let subscription = Subscription(to: news)
        broker.subscribe(subscription)
        #expect(!broker.publish([0x31], on: news))
        broker.confirm()
        #expect(broker.publish([0x32], on: news))
        #expect(!broker.publish([0x33], on: sport))
        broker.tick(Watermark(id: EventID(milliseconds: 5, counter: 0), era: era))
        broker.lose()
        broker.subscribe(Subscription(to: sport))
        broker.confirm()
        #expect(!broker.publish([0x34], on: news))
        broker.restore()
        broker.confirm()
        #expect(broker.publish([0x35], on: sport))
        broker.unsubscribe(subscription)
        #expect(!broker.publish([0x36], on: news))
        #expect(
            listener.events == [
                "subscribed news", "news: 2", "tick 5-0", "lost", "subscribed news", "subscribed sport", "sport: 5",
            ])
    }
}
