import HalleyTransports
import Testing

@Suite struct TransportTests {
    private func select(_ query: String, _ fields: [(String, String)]) throws -> Transport {
        let request = HTTPRequest(
            method: "GET", path: "/events", query: query, isHTTP11: true, fields: fields.map { (name: $0, value: $1) })
        return try Transport(of: request, query: try #require(QueryItems(query)))
    }

    static let table: [(query: String, fields: [(String, String)], transport: Transport)] = [
        ("", [], .stream),
        ("", [("accept", "*/*")], .stream),
        ("", [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")], .stream),
        ("", [("accept", "text/event-stream")], .sse),
        ("", [("accept", "Text/Event-Stream; charset=utf-8")], .sse),
        ("", [("accept", "text/html"), ("accept", "text/event-stream")], .sse),
        ("", [("accept", "application/json")], .longPoll),
        ("", [("accept", "application/json, text/plain, */*")], .longPoll),
        ("", [("accept", "application/json, text/event-stream")], .sse),
        ("", [("upgrade", "h2c"), ("connection", "Upgrade, HTTP2-Settings")], .stream),
        ("transport=sse", [], .sse),
        ("transport=stream", [("accept", "text/event-stream")], .stream),
        ("transport=long-poll", [("accept", "text/event-stream")], .longPoll),
        ("transport=stream", [("upgrade", "websocket")], .stream),
        ("", [("upgrade", "websocket")], .websocket),
        ("", [("upgrade", "h2c, WebSocket")], .websocket),
        ("transport=websocket", [], .websocket),
        ("callback=f", [("accept", "*/*")], .jsonp),
        ("callback=f", [("accept", "application/json")], .longPoll),
        ("transport=jsonp", [], .jsonp),
        ("transport=iframe", [("accept", "text/html")], .iframe),
        ("", [("accept", "multipart/x-mixed-replace")], .multipart),
        ("transport=multipart", [], .multipart),
    ]

    @Test(arguments: table.indices)
    func theRequestChooses(index: Int) throws {
        let (query, fields, transport) = Self.table[index]
        #expect(try select(query, fields) == transport)
    }

    static let refused: [(query: String, fields: [(String, String)])] = [
        ("transport=", []), ("transport=SSE", []), ("transport=carrier-pigeon", []), ("transport=forever-frame", []),
    ]

    @Test(arguments: refused.indices)
    func whatIsNotOfferedIsRefused(index: Int) {
        let (query, fields) = Self.refused[index]
        #expect(throws: SubscriptionError.unknownTransport) { try select(query, fields) }
    }
}
