import HalleyHub
import SeededRandom
import Testing

@Suite struct RingOrderTests {
    private let budget = RingBudget(limit: .max)

    private func append(_ count: UInt64, to topic: Topic, in order: inout RingOrder, maximumEvents: Int = .max) {
        let delivery = Delivery(channel: topic.channel, payload: [], position: nil, count: count, budget: budget)
        order.append(topic, count: count)
        order.drop(topic.ring.append(delivery, maximumEvents: maximumEvents, maximumBytes: .max))
    }

    @Test func evictsTheOldestOfAllRings() {
        var order = RingOrder()
        let topics = [Topic(channel: news, coveredFrom: 0), Topic(channel: sport, coveredFrom: 0)]
        for count in 1...6 { append(UInt64(count), to: topics[count % 2], in: &order) }
        for _ in 1...3 {
            let evicted = order.evictOldest()
            #expect(evicted)
        }
        #expect(topics.map { $0.ring.deliveries.map(\.count) } == [[4, 6], [5]])
    }

    @Test func withNothingToEvictItSaysSo() {
        var order = RingOrder()
        let isEvicted = order.evictOldest()
        #expect(!isEvicted)
        let topic = Topic(channel: news, coveredFrom: 0)
        append(1, to: topic, in: &order)
        order.drop(topic.ring.empty())
        let isEvictedNow = order.evictOldest()
        #expect(!isEvictedNow)
    }

    @Test func passesOverWhatARingHasDroppedByItself() {
        var order = RingOrder()
        let busy = Topic(channel: news, coveredFrom: 0)
        let quiet = Topic(channel: sport, coveredFrom: 0)
        for count in 1...10 { append(UInt64(count), to: busy, in: &order, maximumEvents: 2) }
        append(11, to: quiet, in: &order)
        for _ in 1...3 { _ = order.evictOldest() }
        #expect(busy.ring.oldest == nil)
        #expect(quiet.ring.oldest == nil)
        let isLeft = order.evictOldest()
        #expect(!isLeft)
    }

    @Test func staysShortWhileOneRingTurnsOverForEver() {
        var order = RingOrder()
        let topic = Topic(channel: news, coveredFrom: 0)
        for count in 1...100_000 { append(UInt64(count), to: topic, in: &order, maximumEvents: 10) }
        #expect(order.length < 10_000)
        #expect(topic.ring.deliveries.count == 10)
    }

    @Test(arguments: 0..<20)
    func evictsInTheOrderOfComing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var order = RingOrder()
        let topics = (0..<5).map { Topic(channel: named("c\($0)"), coveredFrom: 0) }
        var count: UInt64 = 0
        for _ in 0..<3_000 {
            let topic = topics[Int.random(in: 0..<5, using: &random)]
            switch Int.random(in: 0..<10, using: &random) {
            case 0: order.drop(topic.ring.empty())
            case 1...3:
                let oldest = topics.compactMap(\.ring.oldest?.count).min()
                let isEvicted = order.evictOldest()
                #expect(isEvicted == (oldest != nil))
                if let oldest { #expect(topics.allSatisfy { $0.ring.oldest.map { $0.count > oldest } ?? true }) }
            default:
                count += 1
                append(count, to: topic, in: &order, maximumEvents: 8)
            }
        }
    }
}
