import HalleyHub
import NIOCore
import SeededRandom
import Testing

@Suite struct LingerQueueTests {
    private func moment(_ seconds: UInt64) -> NIODeadline { .uptimeNanoseconds(seconds * 1_000_000_000) }

    @Test func theFirstLeftIsTheFirstOut() {
        var queue = LingerQueue()
        let topics = [news, sport].map { Topic(channel: $0, coveredFrom: 0) }
        queue.append(topics[0], since: moment(1))
        queue.append(topics[1], since: moment(2))
        #expect(queue.count == 2)
        #expect(topics.allSatisfy { $0.isLingering })
        let out = [queue.popFirst(), queue.popFirst(), queue.popFirst()]
        #expect(out.map { $0?.channel } == [news, sport, nil])
        #expect(!topics.contains { $0.isLingering })
        #expect(queue.count == 0)
    }

    @Test func nobodyGoesBeforeItsTime() {
        var queue = LingerQueue()
        queue.append(Topic(channel: news, coveredFrom: 0), since: moment(2))
        let early = queue.popFirst(leftBy: moment(1))
        #expect(early == nil)
        let due = queue.popFirst(leftBy: moment(2))
        #expect(due?.channel == news)
    }

    /// One that came back must not take the next along.
    @Test func anEntryThatWentStaleReleasesNobodyElse() {
        var queue = LingerQueue()
        let back = Topic(channel: news, coveredFrom: 0)
        let late = Topic(channel: sport, coveredFrom: 0)
        queue.append(back, since: moment(1))
        queue.remove(back)
        queue.append(late, since: moment(60))
        let due = queue.popFirst(leftBy: moment(2))
        #expect(due == nil)
        #expect(late.isLingering)
        #expect(queue.count == 1)
    }

    @Test func whoeverLeavesAgainCountsFromThen() {
        var queue = LingerQueue()
        let topic = Topic(channel: news, coveredFrom: 0)
        queue.append(topic, since: moment(1))
        queue.remove(topic)
        queue.remove(topic)
        queue.append(topic, since: moment(5))
        let early = queue.popFirst(leftBy: moment(4))
        #expect(early == nil)
        let due = queue.popFirst(leftBy: moment(5))
        #expect(due === topic)
        let again = queue.popFirst()
        #expect(again == nil)
    }

    @Test func aMillionPollsOfOneChannelLeaveNoTrail() {
        var queue = LingerQueue()
        let topic = Topic(channel: news, coveredFrom: 0)
        for _ in 0..<1_000_000 {
            queue.append(topic, since: moment(1))
            queue.remove(topic)
        }
        #expect(queue.length < 10_000)
        #expect(queue.count == 0)
    }

    @Test(arguments: 0..<20)
    func behavesLikeAList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = LingerQueue()
        var list: [(topic: Topic, since: NIODeadline)] = []
        let topics = (0..<20).map { Topic(channel: named("c\($0)"), coveredFrom: 0) }
        for second in 0..<2_000 {
            let topic = topics[Int.random(in: 0..<20, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let limit = moment(UInt64(max(0, second - 10)))
                let isDue = list.first.map { $0.since <= limit } ?? false
                let expected = isDue ? list.removeFirst().topic : nil
                let due = queue.popFirst(leftBy: limit)
                #expect(due === expected)
            case 1:
                queue.remove(topic)
                list.removeAll { $0.topic === topic }
            default:
                guard !topic.isLingering else { continue }
                queue.append(topic, since: moment(UInt64(second)))
                list.append((topic, moment(UInt64(second))))
            }
            #expect(queue.count == list.count)
        }
    }
}
