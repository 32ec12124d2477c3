import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import NIOEmbedded

extension Subject {
    /// One live event from the link to 10,000 subscribers who do nothing with it: the hub's own share of a fan-out.
    static var hubDelivery: Subject {
        let scene = HubScene(subscribers: 10_000)
        return Subject(name: "hub-delivery-10000") { scene.publish() }
    }
}

/// A hub, and subscribers that are live on one channel.
private final class HubScene {
    private let broker = MemoryBroker(on: EmbeddedEventLoop())
    private let hub: Hub
    private let members: [Member]
    private let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 128)

    init(subscribers: Int) {
        hub = Hub(
            broker: broker,
            bounds: HubBounds(
                channels: 10, linger: .seconds(60), ringEvents: 1_000, ringBytes: 1 << 20, ringTotalBytes: 1 << 26),
            incarnation: Incarnation(bits: 0xFEED))
        members = (0..<subscribers).map { _ in Member() }
        for member in members {
            do {
                try hub.join(member, channels: [Subject.news], from: nil)
            } catch { preconditionFailure("\(error)") }
        }
        broker.settle()
        precondition(members.allSatisfy(\.membership.isLive), "all subscribers are live")
    }

    /// - Returns: how many events one of them has got.
    func publish() -> Int {
        broker.publish(payload, on: Subject.news)
        return members[members.count / 2].delivered
    }
}

private final class Member: Subscriber {
    var membership = Membership()
    var delivered = 0
    var takesBacklog: Bool { true }

    func joined(_ resume: Resume, at position: Position?) {}
    func deliver(_ delivery: Delivery) { delivered += 1 }
    func tell(_ gap: Gap) {}
    func reached(_ position: Position) {}
}
