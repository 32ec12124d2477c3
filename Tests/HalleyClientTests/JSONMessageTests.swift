import HalleyClient
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
}
