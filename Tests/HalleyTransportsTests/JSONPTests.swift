import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// Long polls by script tags.
@Suite struct JSONPTests {
    @Test(arguments: ["a", "_", "$", "cb", "halley._3", "_cometd_jsonp_1", "__jsonp1__", "A.b.c", "$0", "a..b", "a."])
    func aNameIsACallback(name: String) { #expect(JSONP.Callback(name) != nil) }

    @Test func aNameHasSixtyFourBytesAtMost() {
        #expect(JSONP.Callback(String(repeating: "a", count: 64)) != nil)
        #expect(JSONP.Callback(String(repeating: "a", count: 65)) == nil)
    }

    static let noNames = [
        "", "1a", ".a", "a b", "a(", "alert(1)", "a;b", "a[0]", "a-b", "a\n", "a\r\nX: y", "a\0", "<script>", "a'",
        "a\"",
        "é", "ａ", "a\u{2028}", "a/*", "\u{FEFF}a", "a%20", "%61(",
    ]

    @Test(arguments: noNames)
    func nothingElseIs(name: String) { #expect(JSONP.Callback(name) == nil) }

    private func poll(_ fixture: ServerFixture, _ query: String = "callback=cb") throws -> EmbeddedClient {
        try fixture.ask(get("/events?channel=news&\(query)", "Accept: */*"))
    }

    @Test func theAnswerCallsTheFunctionWithWhatALongPollSays() throws {
        let fixture = try ServerFixture()
        let client = try poll(fixture)
        #expect(try client.bytes.isEmpty)
        fixture.publish(#"{"a":"</script>"}"#)
        let answer = try client.answer
        let position = try #require(fixture.hub.position)
        #expect(answer.status == 200)
        #expect(
            answer.text == #"/**/cb({"position":"\#(position)","events":[{"channel":"news","position":"\#(position)","#
                + #""data":{"a":"\u003c/script\u003e"}}]});"# + "\n")
        #expect(answer.fields["content-type"] == "text/javascript; charset=utf-8")
        #expect(answer.fields["content-disposition"] == "attachment; filename=f.txt")
        #expect(answer.fields["cross-origin-resource-policy"] == "cross-origin")
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["cache-control"] == "no-store, no-transform")
        #expect(answer.fields["halley-position"] == "\(position)")
        #expect(client.isOpen)
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func eachFunctionIsCalledWithTheSameEvents() throws {
        let fixture = try ServerFixture()
        let clients = try ["a", "b", "a", "a.longer.name"].map { ($0, try poll(fixture, "callback=\($0)")) }
        let alone = try fixture.ask(get("/events?channel=news&transport=long-poll"))
        for text in ["1", "2", "3"] { fixture.broker.publish(Array(text.utf8), on: news) }
        fixture.loop.run()
        let expected = try alone.answer.text.dropLast()
        for (name, client) in clients { #expect(try client.answer.text == "/**/\(name)(\(expected));\n") }
    }

    @Test func thePositionGoesOnFromThere() throws {
        let fixture = try ServerFixture()
        let client = try poll(fixture)
        fixture.publish("a")
        let position = try #require(try client.answer.fields["halley-position"])
        fixture.publish("b")
        fixture.publish("c")
        try client.send(get("/events?channel=news&callback=cb&position=\(position)"))
        let text = try #require(try client.answers.last).text
        #expect(text.contains(#""data":"b"}"#) && text.contains(#""data":"c"}"#))
        #expect(!text.contains(#""data":"a"}"#))
    }

    @Test func whenTheTimeIsOverTheEventsAreEmpty() throws {
        let fixture = try ServerFixture()
        let client = try poll(fixture)
        try fixture.tick(9)
        fixture.pass(.seconds(27))
        let position = try #require(fixture.hub.position)
        #expect(try client.answer.text == #"/**/cb({"position":"\#(position)","events":[]});"# + "\n")
    }

    @Test func aGapStandsAmongTheEvents() throws {
        let fixture = try ServerFixture()
        let client = try fixture.ask(get("/events?channel=news&callback=cb&position=1-0.zzzzzz"))
        fixture.pass(.seconds(1))
        let answer = try client.answer
        #expect(answer.text.hasPrefix("/**/cb({\"position\":"))
        #expect(answer.text.contains(#"{"gap":{"channel":"news","from":"1-0","to":"#))
    }

    @Test(arguments: noNames)
    func aRefusedNameIsNotEchoed(name: String) throws {
        let fixture = try ServerFixture()
        let escaped = name.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
        let client = try poll(fixture, "transport=jsonp&callback=\(escaped)")
        let answer = try client.answer
        #expect(answer.status == 400)
        #expect(answer.fields["content-type"] == "application/json")
        #expect(name.utf8.count < 2 || !answer.text.contains(name))
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func withoutACallbackItIsRefused() throws {
        #expect(try poll(ServerFixture(), "transport=jsonp").answer.status == 400)
    }

    @Test(arguments: [
        ("callback=cb", 400), ("callback=cb&channel=%3C", 400), ("callback=cb&channel=a&position=0", 400),
        ("callback=cb&channel=a&transport=pigeon", 400), ("callback=cb&channel=a&format=x", 400),
        ("callback=cb&channel=a&ticket=x", 503),
    ])
    func aScriptIsToldOfARefusalByACall(query: String, status: Int) throws {
        let answer = try ServerFixture().ask(get("/events?\(query)")).answer
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix(#"/**/cb({"error":""#))
        #expect(answer.text.hasSuffix(#"","status":\#(status)});"# + "\n"))
        #expect(!answer.text.contains("<"))
        #expect(answer.fields["content-type"] == "text/javascript; charset=utf-8")
    }

    @Test func overTheBoundAScriptIsToldToComeBack() throws {
        var bounds = ConnectionBounds.test
        bounds.connections = 1
        let fixture = try ServerFixture(bounds: bounds)
        let first = try poll(fixture)
        let answer = try poll(fixture).answer
        #expect(answer.status == 200)
        #expect(answer.text.hasSuffix(#"","status":503});"# + "\n"))
        first.close()
    }

    @Test func switchedOffItIsNotServed() throws {
        let fixture = try ServerFixture(
            rules: SubscriptionRules(origins: SubscriptionRules.standard.origins, offersJSONP: false))
        for query in ["callback=cb", "transport=jsonp&callback=cb"] {
            let answer = try poll(fixture, query).answer
            #expect(answer.status == 400)
            #expect(!answer.text.contains("cb"))
        }
    }
}
