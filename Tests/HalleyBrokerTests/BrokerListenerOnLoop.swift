import HalleyBroker
import HalleyCore
import HalleyRedis
import NIOCore
import RedisFixture

import struct HalleyCore.Channel

/// A Redis broker that remembers all it told, for use from a test's task.
final class BrokerListenerOnLoop: Sendable {
    enum Event: Hashable, Sendable {
        case subscribed(Channel)
        case received(Channel, [UInt8])
        case ticked(Watermark)
        case rewound(Watermark)
        case lost
    }

    private final class Recorder: BrokerListener {
        let broker: RedisBroker
        var events: [Event] = []
        var subscriptions: [Channel: Subscription] = [:]

        init(_ broker: RedisBroker) {
            self.broker = broker
            broker.listener = self
        }

        func brokerReceived(_ payload: [UInt8], stamp: Stamp?, on subscription: Subscription) {
            events.append(.received(subscription.channel, payload))
        }
        func brokerSubscribed(to subscription: Subscription) { events.append(.subscribed(subscription.channel)) }
        func brokerTicked(_ watermark: Watermark) { events.append(.ticked(watermark)) }
        func brokerRewound(to watermark: Watermark) { events.append(.rewound(watermark)) }
        func brokerLost() { events.append(.lost) }
    }

    let eventLoop: any EventLoop
    let commands: RedisCommandLink
    private let recorder: NIOLoopBoundBox<Recorder>

    init(_ server: RedisServer, endpoint: RedisEndpoint? = nil) async throws {
        let eventLoop = server.eventLoop
        self.eventLoop = eventLoop
        let recorder = try await eventLoop.submit {
            let broker = RedisBroker(
                to: endpoint ?? server.endpoint, cluster: .standard, on: eventLoop, logger: .quiet)
            let recorder = Recorder(broker)
            broker.start()
            return NIOLoopBoundBox(recorder, eventLoop: eventLoop)
        }.get()
        self.recorder = recorder
        commands = try await eventLoop.submit { recorder.value.broker.commands }.get()
    }

    deinit {
        let recorder = recorder
        eventLoop.execute { recorder.value.broker.stop() }
    }

    func change(_ changes: @escaping @Sendable (RedisBroker) -> Void) async throws {
        try await eventLoop.submit { changes(self.recorder.value.broker) }.get()
    }

    func subscribe(_ channel: Channel) async throws {
        try await eventLoop.submit { [recorder] in
            let subscription = Subscription(to: channel)
            recorder.value.subscriptions[channel] = subscription
            recorder.value.broker.subscribe(subscription)
        }.get()
        try await wait(for: .subscribed(channel))
    }

    func unsubscribe(_ channel: Channel) async throws {
        try await eventLoop.submit { [recorder] in
            guard let subscription = recorder.value.subscriptions.removeValue(forKey: channel) else { return }
            recorder.value.broker.unsubscribe(subscription)
        }.get()
    }

    func readiness() async throws -> Readiness {
        try await eventLoop.submit { self.recorder.value.broker.readiness }.get()
    }

    func events() async throws -> [Event] { try await eventLoop.submit { self.recorder.value.events }.get() }

    func ticks() async throws -> [Watermark] {
        try await events().compactMap { if case .ticked(let tick) = $0 { tick } else { nil } }
    }

    func forget() async throws { try await eventLoop.submit { self.recorder.value.events = [] }.get() }

    func wait(within patience: Duration = .seconds(5), for event: Event) async throws {
        try await eventually(within: patience) { try await self.events().contains(event) }
    }
}
