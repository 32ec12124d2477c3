import HalleyBroker
import HalleyCoordinator
import HalleyCore
import Testing

struct PublishBatchTests {
    private func batch(_ text: String, query: String = "", keys: [String] = []) throws -> PublishBatch {
        try PublishBatch(Array(text.utf8), query: Query(query), keys: keys)
    }

    /// The one event of a batch of one line.
    private func event(_ line: String, query: String = "") throws -> PublishRequest {
        let events = try batch(line, query: query).events
        #expect(events.count == 1)
        return try events[0].get()
    }

    private func payload(_ line: String) throws -> String {
        String(decoding: try event(line).payload, as: UTF8.self)
    }

    @Test(arguments: [
        #"{"a": 1.0, "b":[1e400,-0,123456789012345678901234567890]}"#, #""te\"xt\\""#, #""}, \"{""#, "null", "true",
        "0",
        "[]", "{}", #"[[{"x":"]"}],","]"#, #"{"data":{"channel":"other"}}"#, #""\u00e9 é \ud800""#,
    ])
    func `data is published as it came`(json: String) throws {
        #expect(try payload(#"{"channel":"news","data":\#(json)}"#) == json)
        #expect(try payload("\t{ \"data\" : \(json) , \"channel\" : \"news\" } \r") == json)
    }

    @Test func `text and bytes`() throws {
        #expect(try payload(#"{"channel":"a","payload":"\u00e9\n\"\/"}"#) == "é\n\"/")
        #expect(try payload(#"{"channel":"a","payload":""}"#) == "")
        #expect(try event(#"{"channel":"a","base64":"/wAK"}"#).payload == [0xFF, 0, 10])
    }

    @Test func `all options`() throws {
        let line = #"{"channel":"a","data":1,"key":"k\u0020é","history":5,"ttl":60000,"keyttl":7,"live":false}"#
        #expect(
            try event(line).mode == .durable(PublishOptions(history: 5, ttl: 60_000, key: "k é", keyTTL: 7)))
        #expect(try event(#"{"channel":"a","data":1,"live":true}"#).mode == .live)
        #expect(
            try event(#"{"channel":"a","data":1,"key":null,"history":null,"ttl":null,"live":null,"payload":null}"#).mode
                == .durable(PublishOptions()))
        #expect(try event(#"{"ch\u0061nnel":"a","data":1}"#).channel == channel("a"))
    }

    @Test func `the query's channel is for lines without one`() throws {
        #expect(try event(#"{"data":1}"#, query: "channel=b").channel == channel("b"))
        #expect(try event(#"{"data":1,"channel":"a"}"#, query: "channel=b").channel == channel("a"))
    }

    @Test(
        arguments: [
            ("", .noObject), ("x", .noObject), ("1", .noObject), ("[]", .noObject),
            (#"{"channel":"a","data":}"#, .noObject),
            (#"{"channel":"a","data":1}}"#, .noObject), (#"{"channel":"a","data":1} {}"#, .noObject),
            (#"{"data":1}"#, .noChannel), (#"{"channel":null,"data":1}"#, .noChannel),
            (#"{"channel":"a"}"#, .notOnePayload(0)), (#"{"channel":"a","data":1,"payload":"x"}"#, .notOnePayload(2)),
            (#"{"channel":"a","data":1,"data":1}"#, .twice(.data)), (#"{"channel":1,"data":1}"#, .noText(.channel)),
            (#"{"channel":"a","payload":{"a":1}}"#, .noText(.payload)),
            (#"{"channel":"a","payload":"\ud800"}"#, .noText(.payload)),
            (#"{"channel":"a","base64":"x"}"#, .noBase64), (#"{"channel":"a","base64":"_-8="}"#, .noBase64),
            (#"{"channel":"a","data":1,"history":"5"}"#, .noNumber(.history)),
            (#"{"channel":"a","data":1,"ttl":1e3}"#, .noNumber(.ttl)),
            (#"{"channel":"a","data":1,"ttl":-1}"#, .noNumber(.ttl)),
            (#"{"channel":"a","data":1,"live":1}"#, .noBoolean), (#"{"channel":"a","data":1,"key":""}"#, .keyLength(0)),
            (#"{"channel":"a","data":1,"live":true,"key":"k"}"#, .liveIsNotKept),
            (#"{"channel":"a","data":1,"Key":"k"}"#, .unknownOption),
        ] as [(String, PublishError)])
    func `a bad line harms no other`(line: String, error: PublishError) throws {
        let good = #"{"channel":"a","data":1}"#
        let events = try batch("\(good)\n\(line)\n\(good)\n").events
        #expect(events.count == 3)
        let others = [try events[0].get(), try events[2].get()]
        #expect(others.map(\.payload) == [[UInt8(ascii: "1")], [UInt8(ascii: "1")]])
        #expect(throws: RequestError.publish(error)) { try events[1].get() }
    }

    @Test func `bytes that are no UTF-8, and a channel that is none`() throws {
        let events = try PublishBatch(
            Array(#"{"channel":"a","data":""#.utf8) + [0xFF, 0x22, 0x7D], query: Query(""), keys: [])
        #expect(throws: RequestError.publish(.noObject)) { try events.events[0].get() }
        #expect(throws: RequestError.self) { try event(#"{"channel":"new*s","data":1}"#) }
    }

    @Test func `the whole is refused where it is no batch`() throws {
        for text in ["", "\n"] {
            #expect(throws: RequestError.publish(.emptyBatch)) { try batch(text) }
        }
        let line = #"{"channel":"a","data":1}"# + "\n"
        #expect(try batch(String(repeating: line, count: 1_000)).events.count == 1_000)
        #expect(throws: RequestError.publish(.tooManyLines(1_001))) { try batch(String(repeating: line, count: 1_001)) }
        #expect(RequestError.publish(.tooManyLines(1_001)).status == .contentTooLarge)
        #expect(throws: RequestError.publish(.batchOption)) { try batch(line, query: "history=5") }
        #expect(throws: RequestError.publish(.batchOption)) { try batch(line, keys: ["k"]) }
        #expect(throws: RequestError.notOneChannel(2)) { try batch(line, query: "channel=a&channel=b") }
    }

    @Test func `what is meant as a batch`() {
        for type in [
            "application/x-ndjson", "Application/X-NDJSON", "application/x-ndjson; charset=utf-8",
            " application/x-ndjson ",
        ] {
            #expect(PublishBatch.isMeant(by: type))
        }
        for type in [nil, "", ";", "application/json", "application/x-ndjson2", "text/plain; application/x-ndjson"] {
            #expect(!PublishBatch.isMeant(by: type))
        }
    }

    @Test func `random bytes and broken lines never trap`() throws {
        var generator = SplitMix64(state: 3)
        let seed = Array(#"{"channel":"a","data":{"x":["\"\\",1,null]},"key":"k","history":5,"live":false}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(seed[Int.random(in: 0..<seed.count, using: &generator)], at: place)
                }
            }
            _ = try? PublishBatch(bytes, query: Query(""), keys: []).events.count
        }
    }
}
