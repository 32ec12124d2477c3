import HalleyTransports
import Testing

import struct HalleyCore.Channel

@Suite struct WebSocketRequestTests {
    private func parse(_ text: String) throws(WebSocketRequestError) -> WebSocketRequest {
        try WebSocketRequest(Array(text.utf8))
    }

    @Test func subscribe() throws {
        #expect(try parse(#"{"subscribe":["news"]}"#) == .subscribe([news], from: nil))
        #expect(
            try parse(#" { "subscribe" : [ "news" , "sport", "news" ] } "#) == .subscribe([news, sport], from: nil))
        #expect(try parse(#"{"position":"\#(somewhere)","subscribe":["news"]}"#) == .subscribe([news], from: somewhere))
        #expect(try parse(#"{"position":null,"subscribe":["ne\u0077s"]}"#) == .subscribe([news], from: nil))
        #expect(try parse(#"{"position":"","subscribe":["news"]}"#) == .subscribe([news], from: nil))
    }

    @Test func unsubscribe() throws {
        #expect(try parse(#"{"unsubscribe":["news","sport"]}"#) == .unsubscribe([news, sport]))
    }

    @Test(arguments: [
        "", "x", "{}", "[]", "null", "1", "\"subscribe\"", #"{"subscribe":"news"}"#, #"{"subscribe":null}"#,
        #"{"subscribe":[1]}"#, #"{"subscribe":{"news":1}}"#, #"{"subscribe":["news"],"unsubscribe":["sport"]}"#,
        #"{"unsubscribe":["news"],"position":"x"}"#, #"{"position":"x"}"#, #"{"subscribe":["news"],"else":1}"#,
        #"{"Subscribe":["news"]}"#, #"{"subscribe":["news"],"position":1}"#, #"{"subscribe":["news"]}{}"#,
        #"{"subscribe":["news"]"#, #"{"subscribe":["\ud800"]}"#,
    ])
    func whatIsNoRequest(text: String) {
        #expect(throws: WebSocketRequestError.unknown) { try parse(text) }
    }

    @Test func nestingDeeperThanAnyStack() {
        let deep = #"{"subscribe":"# + String(repeating: "[", count: 1_000_000)
        #expect(throws: WebSocketRequestError.unknown) { try parse(deep) }
    }

    @Test func whatIsRefusedAndGoesOn() {
        let many = (0..<65).map { "\"c\($0)\"" }.joined(separator: ",")
        for text in [
            #"{"subscribe":[]}"#, #"{"subscribe":[""]}"#, #"{"subscribe":["a b"]}"#,
            #"{"subscribe":["news","x\u0000"]}"#,
            #"{"subscribe":["news"],"position":"0"}"#, "{\"subscribe\":[\(many)]}",
        ] {
            let error = #expect(throws: WebSocketRequestError.self) { try parse(text) }
            guard case .refused(let why, of: "subscribe") = error else { return #expect(Bool(false), "\(text)") }
            #expect(!why.contains("c64"), "nothing is echoed")
        }
    }
}
