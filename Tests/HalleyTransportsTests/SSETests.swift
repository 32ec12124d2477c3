import HalleyCore
import HalleyHub
import HalleyTransports
import Testing

@Suite struct SSETests {
    private let plain = SSE.Style(isJSON: false, isMessage: false)

    private func read(_ payload: [UInt8], style: SSE.Style) throws -> EventStreamReader.Event {
        let bytes = SSE.event(delivery(payload, position: somewhere), style: style)
        let reader = EventStreamReader(bytes)
        #expect(reader.events.count == 1)
        return try #require(reader.events.first)
    }

    /// Payloads that would forge a field, end an event, or lose a byte, if they could.
    static let payloads = [
        "hello", "", " ", " leading space", "  two", ":colon", ": a comment", "trailing ", "\n", "\n\n", "a\n", "\na",
        "line\nline", "a\n\ndata: forged\n\n", "id: 1\nevent: forged\n\n",
        "data: nested", "retry: 1", "\u{FEFF}mark", "\u{FEFF}", "a\0b", "\0", "id: \0", "\u{2028}\u{2029}", "é",
        "e\u{301}",
        "\u{301}combining", "😀", "a\u{85}b", "a\u{0B}b\u{0C}c", "{\"json\": true}", "~gap", "\t",
    ]

    @Test(arguments: payloads)
    func anEventSourceReadsBackExactlyThePayload(payload: String) throws {
        #expect(try read(Array(payload.utf8), style: plain).data.unicodeScalars.elementsEqual(payload.unicodeScalars))
    }

    /// `EventSource` itself makes them one line feed.
    @Test(arguments: [
        ("a\rb", "a\nb"), ("a\rdata: forged", "a\ndata: forged"), ("a\r\rid: 1", "a\n\nid: 1"), ("a\r\nb", "a\nb"),
        ("\r", "\n"), ("\r\n", "\n"), ("a\n\rb", "a\n\nb"),
        ("a\r\n\r\nb", "a\n\nb"), ("\r\r\n\n", "\n\n\n"),
    ])
    func carriageReturnsEndLines(payload: String, expected: String) throws {
        #expect(try read(Array(payload.utf8), style: plain).data == expected)
    }

    @Test func theTypeIsTheChannelAndTheIdThePosition() throws {
        let event = try read([0x61], style: plain)
        #expect(event == .init(type: "news", data: "a", lastEventID: somewhere.description))
    }

    @Test func withoutAPositionTheClientKeepsItsOwn() {
        let bytes = SSE.event(delivery("a", position: somewhere), style: plain) + SSE.event(delivery("b"), style: plain)
        let reader = EventStreamReader(bytes)
        #expect(reader.events.map(\.lastEventID) == [somewhere.description, somewhere.description])
    }

    @Test func theStyleOfMessagesHasNoType() throws {
        #expect(try read([0x61], style: SSE.Style(isJSON: false, isMessage: true)).type == "message")
    }

    @Test(arguments: payloads)
    func theStyleOfJSONHoldsThePayloadOnOneLine(payload: String) throws {
        let event = try read(Array(payload.utf8), style: SSE.Style(isJSON: true, isMessage: false))
        #expect(JSONText.isValid(Array(event.data.utf8)))
        #expect(!event.data.contains("\n"))
    }

    @Test func aPayloadThatIsNoUTF8IsJSONAlways() throws {
        let event = try read([0xFF, 0x00, 0x0A], style: plain)
        #expect(event.data == #"{"channel":"news","position":"\#(somewhere)","encoding":"base64","data":"/wAK"}"#)
    }

    @Test func aHeartbeatMovesThePositionAndDispatchesNothing() {
        let reader = EventStreamReader(SSE.heartbeat(somewhere, style: plain))
        #expect(reader.lastEventID == somewhere.description)
        #expect(reader.events.isEmpty)
        let blind = EventStreamReader(SSE.heartbeat(somewhere, style: plain) + SSE.heartbeat(nil, style: plain))
        #expect(blind.lastEventID == somewhere.description)
        #expect(blind.events.isEmpty)
    }

    @Test func whoAsksForMessagesOfJSONSeesHeartbeats() {
        let style = SSE.Style(isJSON: true, isMessage: true)
        let reader = EventStreamReader(SSE.heartbeat(somewhere, style: style) + SSE.heartbeat(nil, style: style))
        #expect(reader.events.map(\.data) == [#"{"position":"\#(somewhere)"}"#, "{}"])
        #expect(reader.events.allSatisfy { $0.type == "message" && $0.lastEventID == somewhere.description })
        for other in [SSE.Style(isJSON: true, isMessage: false), SSE.Style(isJSON: false, isMessage: true)] {
            #expect(EventStreamReader(SSE.heartbeat(somewhere, style: other)).events.isEmpty)
        }
    }

    @Test func thePreludeSaysWhenToComeBackAndWhereTheClientStands() {
        let reader = EventStreamReader(SSE.prelude(retry: 750, position: somewhere, style: plain))
        #expect(reader.retry == 750)
        #expect(reader.lastEventID == somewhere.description)
        #expect(reader.events.isEmpty)
    }

    @Test(arguments: [
        ("", false, false), ("format=json", true, false), ("event=message", false, true),
        ("event=message&format=json", true, true),
    ])
    func theQueryChoosesTheStyle(query: String, isJSON: Bool, isMessage: Bool) throws {
        let style = try SSE.Style(try #require(QueryItems(query)))
        #expect(style == SSE.Style(isJSON: isJSON, isMessage: isMessage))
    }

    @Test(arguments: ["format=xml", "format=", "event=open", "event=a%0Ab"])
    func otherStylesAreRefused(query: String) throws {
        let items = try #require(QueryItems(query))
        #expect(throws: SubscriptionError.unknownStyle) { try SSE.Style(items) }
    }
}
