import HalleyClient
import Testing

/// The same messages over every transport, cut anywhere.
@Suite struct AnswerTests {
    static let position = "5-0.aB3xYz"
    static let event = #"{"id":"6-0","channel":"news","position":"6-0.aB3xYz","data":{"a":[1,"\n"]}}"#
    static let gap = #"{"channel":"news","from":"1-0","to":"2-0"}"#

    static func body(_ transport: HalleyClient.Transport) -> String {
        switch transport {
        case .websocket: ""
        case .stream: "{\"position\":\"\(position)\"}\n\n\(event)\n{\"gap\":\(gap),\"position\":\"\(position)\"}\n"
        case .sse:
            "retry: 700\nid: \(position)\n\n:\n\nid: 6-0.aB3xYz\nevent: news\ndata: \(event)\n\n"
                + "id: \(position)\nevent: ~gap\ndata: \(gap)\n\n"
        case .longPoll:
            "{\"position\":\"\(position)\",\"events\":[\(event),{\"gap\":\(gap),\"position\":\"\(position)\"}]}\n"
        }
    }

    static func words(
        _ transport: HalleyClient.Transport?, _ text: String, by size: Int
    ) throws -> (words: [Answer.Word], answer: Answer) {
        var answer = Answer(transport)
        var words: [Answer.Word] = []
        for piece in pieces(of: text, by: size) {
            try piece.withUnsafeBytes { try answer.take($0, into: &words) }
        }
        return (words, answer)
    }

    @Test(arguments: HalleyClient.Transport.allCases.filter { $0 != .websocket }, [1, 2, 7, 10_000])
    func messagesInOrder(transport: HalleyClient.Transport, size: Int) throws {
        let body = Self.body(transport)
        let text =
            "HTTP/1.1 200 OK\r\nContent-Type: \(transport.contentType)\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        let (words, answer) = try Self.words(transport, text, by: size)
        guard case .accepted = words.first, case .open(nil) = words[1], case .end = words.last else {
            Issue.record("neither opened nor ended: \(words)")
            return
        }
        let messages = words.compactMap { word -> HalleyClient.Message? in
            if case .message(let message) = word { message } else { nil }
        }
        let event = messages.compactMap { message -> HalleyClient.Event? in
            if case .event(let event) = message { event } else { nil }
        }
        let gap = messages.compactMap { message -> HalleyClient.Gap? in
            if case .gap(let gap) = message { gap } else { nil }
        }
        #expect(event.map(\.id) == ["6-0"] && event.first?.channel == "news" && event.first?.position == "6-0.aB3xYz")
        #expect(event.first?.text == #"{"a":[1,"\n"]}"#)
        #expect(gap == [HalleyClient.Gap(channel: "news", from: "1-0", to: "2-0", position: Self.position)])
        #expect(messages.last?.position == Self.position)
        #expect(answer.keepsAlive)
    }

    @Test(arguments: [
        "{\"position\":\"a b\"}\n", "{\"position\":\"\"}\n", "nonsense\n", "{\"channel\":\"a\",\"data\":\"\\x\"}\n",
        "{\"channel\":\"a\",\"encoding\":\"rot13\",\"data\":\"a\"}\n",
        "{\"channel\":\"a\",\"encoding\":\"base64\",\"data\":\"?\"}\n",
        "{\"channel\":\"a\",\"encoding\":\"base64\",\"data\":7}\n", "{\"gap\":{\"channel\":\"a\"}}\n",
    ]) func garbageIsAnErrorAndWhatCameBeforeIsKept(line: String) {
        var answer = Answer(.stream)
        var words: [Answer.Word] = []
        let text = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n\(Self.event)\n\(line)"
        #expect(throws: AnswerError.self) {
            try Array(text.utf8).withUnsafeBytes { try answer.take($0, into: &words) }
        }
        #expect(words.count == 3)
    }

    @Test func whatALaterServerSaysIsPassedOver() throws {
        let text =
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"news\":[{}]}\n"
            + "{\"position\":\"\(Self.position)\",\"also\":{\"x\":null}}\n"
        let words = try Self.words(.stream, text, by: 1_000).words
        #expect(words.count == 3)
    }

    @Test func otherAnswersAreWhole() throws {
        let text =
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        let (words, answer) = try Self.words(.stream, text, by: 3)
        guard case .other(let head, let body)? = words.first, words.count == 1 else {
            Issue.record("\(words)")
            return
        }
        #expect(head.status == 503 && body == Array("no".utf8) && !answer.keepsAlive)
    }

    @Test func whatIsCutIsAnError() throws {
        var (words, answer) = try Self.words(
            .stream, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
            by: 9)
        #expect(throws: AnswerError.self) { try answer.close(into: &words) }
    }

    @Test func anotherAnswerIsBounded() throws {
        let text = "HTTP/1.1 404 Not Found\r\n\r\n" + String(repeating: "x", count: 70_000)
        #expect(throws: AnswerError.self) { _ = try Self.words(.stream, text, by: 5_000) }
    }

    @Test func payloadsAsTheyWerePublished() throws {
        func event(_ data: String) throws -> HalleyClient.Event {
            let text = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"channel\":\"a\",\(data)}\n"
            guard case .message(.event(let event))? = try Self.words(.stream, text, by: 1_000).words.last else {
                throw AnswerError("no event")
            }
            return event
        }
        #expect(try event(#""data":"a\nb\u2028""#).text == "a\nb\u{2028}")
        #expect(try event(#""data":"""#).payload == [])
        #expect(try event(#""data":-1.50e3"#).text == "-1.50e3")
        #expect(try event(#""data":null"#).text == "null")
        let binary = try event(#""encoding":"base64","data":"/wA=""#)
        #expect(binary.payload == [0xFF, 0] && binary.isBinary)
        struct Headline: Decodable, Equatable { let headline: String }
        let decoded: Headline = try event(#""data":{"headline":"Comet"}"#).decode()
        #expect(decoded == Headline(headline: "Comet"))
        #expect(throws: DecodingError.self) { try event(#""data":{}"#).decode(Headline.self) }
    }
}
