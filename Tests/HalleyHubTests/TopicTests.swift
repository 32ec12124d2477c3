import HalleyHub
import SeededRandom
import Testing

@Suite struct TopicTests {
    private let budget = RingBudget(limit: .max)
    private let topic = Topic(channel: news, coveredFrom: 0)

    private func seat(_ client: TestSubscriber) {
        client.membership.seats = [Membership.Seat(topic: topic, index: topic.seat(client))]
    }

    private func leave(_ client: TestSubscriber) {
        topic.unseat(at: client.membership.seats[0].index)
        client.membership.seats = []
    }

    private func fanOut() {
        topic.fanOut(Delivery(channel: news, payload: [], position: nil, count: 1, budget: budget))
    }

    @Test func everyoneGetsTheEventOnce() {
        let clients = (0..<10).map { _ in TestSubscriber() }
        clients.forEach(seat)
        fanOut()
        #expect(clients.allSatisfy { $0.deliveries.count == 1 })
    }

    @Test func whoeverLeavesGivesItsPlaceToTheLast() {
        let clients = (0..<3).map { _ in TestSubscriber() }
        clients.forEach(seat)
        leave(clients[0])
        #expect(topic.live.count == 2)
        #expect(topic.live[0] === clients[2])
        #expect(clients[2].membership.seats[0].index == 0)
        leave(clients[2])
        leave(clients[1])
        #expect(topic.live.isEmpty)
    }

    @Test(arguments: 0..<50)
    func clientsThatLeaveWhileTheyAreServedCostTheOthersNothing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let clients = (0..<20).map { _ in TestSubscriber() }
        clients.forEach(seat)
        let leaving = random.some(of: clients)
        for client in leaving { client.onDelivery = { leave(client) } }
        fanOut()
        #expect(clients.allSatisfy { $0.deliveries.count == 1 })
        #expect(topic.live.count == clients.count - leaving.count)
        fanOut()
        for client in clients {
            #expect(client.deliveries.count == (leaving.contains { $0 === client } ? 1 : 2))
        }
    }
}
