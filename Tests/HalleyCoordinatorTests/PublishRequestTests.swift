import HalleyBroker
import HalleyCoordinator
import HalleyCore
import Testing

struct PublishRequestTests {
    private func request(_ query: String, keys: [String] = []) throws -> PublishRequest {
        try PublishRequest(query: Query(query), keys: keys, payload: [1, 2])
    }

    @Test func `an event is durable unless it says otherwise`() throws {
        let plain = PublishRequest(channel: channel("news"), payload: [1, 2], mode: .durable(PublishOptions()))
        #expect(try request("channel=news") == plain)
        #expect(try request("channel=news&live=false") == plain)
        #expect(try request("live=true&channel=news").mode == .live)
    }

    @Test func `all options`() throws {
        #expect(
            try request("channel=a&history=5&ttl=60000&keyttl=1", keys: ["order 7"]).mode
                == .durable(PublishOptions(history: 5, ttl: 60_000, key: "order 7", keyTTL: 1)))
    }

    @Test(arguments: ["0", "-1", "+1", "1.5", "1e3", "", "%201", "1000000000000000", "99999999999999999999999"])
    func `numbers are whole and have bounds`(text: String) {
        for option in [PublishOption.history, .ttl, .keyttl] {
            #expect(throws: RequestError.publish(.noNumber(option))) { try request("channel=a&\(option)=\(text)") }
        }
    }

    @Test func `the largest number`() throws {
        let options = PublishOptions(history: 999_999_999_999_999)
        #expect(try request("channel=a&history=999999999999999").mode == .durable(options))
    }

    @Test(arguments: ["", "1", "True", "yes"])
    func `live is true or false`(text: String) {
        #expect(throws: RequestError.publish(.noBoolean)) { try request("channel=a&live=\(text)") }
    }

    @Test func `a key has 1 to 128 bytes`() throws {
        #expect(throws: RequestError.publish(.keyLength(0))) { try request("channel=a", keys: [""]) }
        #expect(throws: RequestError.publish(.keyLength(130))) {
            try request("channel=a", keys: [String(repeating: "é", count: 65)])
        }
        let most = String(repeating: "é", count: 64)
        #expect(try request("channel=a", keys: [most]).mode == .durable(PublishOptions(key: most)))
        #expect(throws: RequestError.publish(.severalKeys)) { try request("channel=a", keys: ["a", "a"]) }
    }

    @Test(arguments: ["history=1", "ttl=1", "keyttl=1"])
    func `a live event has nothing of a durable one`(option: String) {
        #expect(throws: RequestError.publish(.liveIsNotKept)) { try request("channel=a&live=true&\(option)") }
        #expect(throws: RequestError.publish(.liveIsNotKept)) { try request("channel=a&live=true", keys: ["k"]) }
    }

    @Test func `slips are refused, not passed over`() {
        for query in [
            "channel=a&histroy=5", "channel=a&key=k", "channel=a&data=1", "channel=a&=", "channel=a&Live=true",
        ] {
            #expect(throws: RequestError.publish(.unknownOption)) { try request(query) }
        }
        #expect(throws: RequestError.publish(.twice(.ttl))) { try request("channel=a&ttl=5&ttl=5") }
    }

    @Test func `there is one channel`() {
        #expect(throws: RequestError.notOneChannel(0)) { try request("") }
        #expect(throws: RequestError.notOneChannel(2)) { try request("channel=a&channel=a") }
        #expect(throws: RequestError.self) { try request("channel=*") }
    }
}
