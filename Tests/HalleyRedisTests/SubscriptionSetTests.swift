import HalleyRedis
import Testing

@Suite struct SubscriptionSetTests {
    typealias Step = SubscriptionSet.Step

    /// A set with a connection and nothing wanted.
    private func makeConnected(batch: Int = 500) -> SubscriptionSet {
        var set = SubscriptionSet(batch: batch)
        #expect(set.connected() == Step())
        return set
    }

    @Test func asksAndReports() {
        var set = makeConnected()
        #expect(set.want("a") == Step(subscribe: ["a"]))
        #expect(set.want("a") == Step())
        #expect(set.subscribed("a") == Step(confirmed: ["a"]))
        #expect(set.want("a") == Step())
        #expect(set.drop("a") == Step(unsubscribe: ["a"]))
        #expect(set.drop("a") == Step())
        #expect(set.unsubscribed("a") == Step())
    }

    @Test func asksForNothingWithoutAConnection() {
        var set = SubscriptionSet(batch: 500)
        #expect(set.want("a") == Step())
        #expect(set.want("b") == Step())
        #expect(set.drop("a") == Step())
        #expect(set.connected() == Step(subscribe: ["b"]))
    }

    @Test func asksAgainForWhatIsWantedThen() {
        var set = makeConnected()
        for channel in ["a", "b", "c"] {
            _ = set.want(channel)
            _ = set.subscribed(channel)
        }
        set.disconnected()
        _ = set.drop("a")
        _ = set.want("d")
        #expect(Set(set.connected().subscribe) == ["b", "c", "d"])
        #expect(set.subscribed("c") == Step(confirmed: ["c"]))
    }

    @Test func forgetsADropThatWasUnderWay() {
        var set = makeConnected()
        _ = set.want("a")
        _ = set.subscribed("a")
        #expect(set.drop("a") == Step(unsubscribe: ["a"]))
        set.disconnected()
        #expect(set.connected() == Step())
    }

    @Test func quickChangesEndSubscribedAndConfirmedOnce() {
        var set = makeConnected()
        #expect(set.want("a") == Step(subscribe: ["a"]))
        #expect(set.drop("a") == Step())
        #expect(set.want("a") == Step())
        #expect(set.subscribed("a") == Step(confirmed: ["a"]))
    }

    @Test func quickChangesEndUnsubscribedAndUnconfirmed() {
        var set = makeConnected()
        #expect(set.want("a") == Step(subscribe: ["a"]))
        #expect(set.drop("a") == Step())
        #expect(set.subscribed("a") == Step(unsubscribe: ["a"]))
        #expect(set.want("a") == Step())
        #expect(set.unsubscribed("a") == Step(subscribe: ["a"]))
        #expect(set.subscribed("a") == Step(confirmed: ["a"]))
    }

    @Test func reportsAgainWhenWantedAgainWhileAnotherIsUnderWay() {
        var set = makeConnected()
        _ = set.want("a")
        _ = set.subscribed("a")
        #expect(set.want("b") == Step(subscribe: ["b"]))
        #expect(set.drop("a") == Step())
        #expect(set.want("a") == Step())
        #expect(set.subscribed("b") == Step(confirmed: ["b", "a"]))
    }

    @Test func gathersChangesIntoBatches() {
        var set = makeConnected(batch: 3)
        #expect(set.want("0") == Step(subscribe: ["0"]))
        for name in 1...7 { #expect(set.want("\(name)") == Step()) }
        #expect(set.subscribed("0") == Step(subscribe: ["1", "2", "3"], confirmed: ["0"]))
        #expect(set.subscribed("1") == Step(confirmed: ["1"]))
        #expect(set.subscribed("2") == Step(confirmed: ["2"]))
        #expect(set.drop("4") == Step())
        #expect(set.drop("1") == Step())
        #expect(set.subscribed("3") == Step(subscribe: ["5", "6", "7"], confirmed: ["3"]))
        #expect(set.subscribed("5") == Step(confirmed: ["5"]))
        #expect(set.subscribed("6") == Step(confirmed: ["6"]))
        #expect(set.subscribed("7") == Step(unsubscribe: ["1"], confirmed: ["7"]))
    }

    @Test func anyOrderOfChangesEndsAsWished() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var set = SubscriptionSet(batch: 2)
            var wire: [Step] = []
            var redis: Set<String> = []
            var wished: Set<String> = []
            var told: Set<String> = []
            var isConnected = false

            func take(_ step: Step) {
                wire.append(Step(subscribe: step.subscribe, unsubscribe: step.unsubscribe))
                told.formUnion(step.confirmed)
            }
            /// Redis confirms the oldest change that it was sent.
            func confirmOne() {
                while let first = wire.first, first == Step() { wire.removeFirst() }
                guard !wire.isEmpty else { return }
                if !wire[0].unsubscribe.isEmpty {
                    let channel = wire[0].unsubscribe.removeFirst()
                    redis.remove(channel)
                    take(set.unsubscribed(channel))
                } else {
                    let channel = wire[0].subscribe.removeFirst()
                    redis.insert(channel)
                    take(set.subscribed(channel))
                }
            }

            for _ in 0..<60 {
                let channel = "\(Int.random(in: 0..<5, using: &generator))"
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<4:
                    wished.insert(channel)
                    take(set.want(channel))
                case 4..<7:
                    wished.remove(channel)
                    told.remove(channel)
                    take(set.drop(channel))
                case 7 where isConnected && Bool.random():
                    isConnected = false
                    redis = []
                    wire = []
                    told = []
                    set.disconnected()
                case 7 where !isConnected:
                    isConnected = true
                    take(set.connected())
                default: confirmOne()
                }
            }
            if !isConnected { take(set.connected()) }
            while wire.contains(where: { $0 != Step() }) { confirmOne() }
            #expect(redis == wished)
            #expect(told == wished)
        }
    }
}
