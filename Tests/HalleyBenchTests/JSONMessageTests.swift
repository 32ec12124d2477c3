import HalleyBench
import Testing

@Suite struct JSONMessageTests {
    private func read<Result>(_ text: String, _ use: (JSONMessage) throws -> Result) throws -> Result {
        try Array(text.utf8).withUnsafeBytes { try use(try JSONMessage.read($0)) }
    }

    private func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test func anEvent() throws {
        try read(#"{"id":"5-0","channel":"news","position":"5-0.aB3xYz","data":{"a":[1,"}\"",{}],"b":null}}"#) {
            #expect(text($0.channel) == "news")
            #expect(text($0.position) == "5-0.aB3xYz")
            #expect(text($0.data) == #"{"a":[1,"}\"",{}],"b":null}"#)
            #expect(!$0.isGap)
        }
    }

    @Test func aGapAndAHeartbeat() throws {
        try read(#"{"gap":{"channel":"a","from":"1-0","to":"2-0"},"position":"2-0.aB3xYz"}"#) {
            #expect($0.isGap && text($0.position) == "2-0.aB3xYz" && $0.data == nil)
        }
        try read(#"{"position":"2-0.aB3xYz"}"#) { #expect(!$0.isGap && $0.data == nil && $0.position != nil) }
    }

    @Test func anAnswerToAPoll() throws {
        try read(
            "{\"position\":\"p\",\"events\":[{\"channel\":\"a\",\"data\":1}, {\"channel\":\"b\",\"data\":-2.5e3}]}\n"
        ) {
            #expect($0.events.map { text($0.data) } == ["1", "-2.5e3"])
            #expect(text($0.position) == "p")
        }
        try read(#"{"events":[]}"#) { #expect($0.events.isEmpty && $0.position == nil) }
    }

    @Test(arguments: [
        "", "{", "[]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1}x"#, #"{"position":5}"#, #"{"position":"a"#,
        #"{"events":{}}"#, #"{"a":"\"#, "{\"a\":\"\n\"}",
    ]) func whatIsNoMessageIsAnError(text: String) {
        #expect(throws: AnswerError.self) { try read(text) { _ in } }
    }

    @Test func thePayloadSaysWhichEventItIs() {
        let payload = BenchPayload(run: "k3Xz9a", length: 128)
        for (number, due) in [(0, UInt64(0)), (17, 123_456_789), (999_999_999, .max / 2), (-1, 5)] {
            let bytes = payload.bytes(number: number, due: due)
            #expect(bytes.count == 128)
            let read = bytes.withUnsafeBytes { payload.read($0) }
            #expect(read?.number == number && read?.due == due)
            #expect(bytes.withUnsafeBytes { BenchPayload(run: "other1", length: 128).read($0) } == nil)
            #expect(bytes.dropLast().withUnsafeBytes { payload.read($0) } == nil)
        }
        #expect(
            BenchPayload(run: "k3Xz9a", length: 0).bytes(number: .max, due: .max).count == BenchPayload.minimumLength)
    }

    @Test func urlsAreTakenApart() throws {
        let url = try #require(BenchURL("http://s17-c.push.localhost:8080/events?channel=news"))
        #expect(url.address.host == "s17-c.push.localhost" && url.address.port == 8_080)
        #expect(url.target == "/events?channel=news" && url.authority == "s17-c.push.localhost:8080")
        #expect(BenchURL("http://push.example.com")?.address.port == 80)
        #expect(BenchURL("http://push.example.com")?.target == "/")
        for text in [
            "https://push.example.com", "push.example.com", "http://", "http://a b", "http://a:0", "http://a/#b",
        ] {
            #expect(BenchURL(text) == nil)
        }
    }
}
