import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// Streams that end because their client asked for it.
@Suite struct StreamLimitsTests {
    private let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    static let transports = ["sse", "stream", "multipart", "iframe"]

    private func ask(_ transport: String, _ more: String) throws -> EmbeddedClient {
        try fixture.ask(
            get("/events?channel=news&transport=\(transport)&origin=http://push.localhost:8080&\(more)"))
    }

    /// The last position that the answer says.
    private func position(_ answer: Answer) throws -> String {
        let found = answer.text.matches(of: #/(?:id: |"position":")([^"\n]+)/#)
        return String(try #require(found.last).1)
    }

    private func payloads(_ answer: Answer) -> [String] {
        answer.text.matches(of: #/event (\d+);/#).map { String($0.1) }
    }

    @Test(arguments: transports)
    func soManyBytes(transport: String) throws {
        var from = ""
        var seen: [String] = []
        var rounds = 0
        fixture.publish("event 0;")
        var client = try ask(transport, "bytes=2000")
        for number in 1...100 {
            fixture.publish("event \(number);")
            guard !client.isOpen else { continue }
            let answer = try client.answer
            #expect(answer.isWhole)
            #expect(answer.fields["connection"] == "close")
            // As sent: some of it is chunks' heads.
            #expect((1_800...4_000).contains(answer.body.count))
            seen += payloads(answer)
            from = try position(answer)
            rounds += 1
            client = try ask(transport, "bytes=2000&position=\(from)")
            #expect(client.isOpen)
        }
        seen += payloads(try client.answer)
        #expect(seen == (1...100).map { "\($0)" })
        #expect(rounds > 2)
        #expect(fixture.server.heldRequests == 1)
    }

    @Test(arguments: transports)
    func soManySeconds(transport: String) throws {
        let client = try ask(transport, "seconds=5")
        fixture.publish("event 1;")
        try fixture.tick(7)
        fixture.pass(.seconds(4))
        #expect(client.isOpen)
        fixture.pass(.seconds(3))
        #expect(!client.isOpen)
        let answer = try client.answer
        #expect(answer.isWhole)
        #expect(payloads(answer) == ["1"])
        #expect(try position(answer) == fixture.hub.position?.description)
        #expect(fixture.server.heldRequests == 0)
    }

    /// A client in the midst of a backlog that was cut off anywhere would get the same again.
    @Test(arguments: transports)
    func aBacklogIsTakenPieceByPiece(transport: String) throws {
        var from = try position(try ask("sse", "").answer)
        for number in 1...200 { fixture.publish("event \(number);" + String(repeating: "x", count: 1_000)) }
        var seen: [String] = []
        for _ in 0..<200 where seen.count < 200 {
            let client = try ask(transport, "bytes=1&position=\(from)")
            let answer = try client.answer
            #expect(answer.isWhole)
            #expect(!client.isOpen)
            seen += payloads(answer)
            from = try position(answer)
        }
        #expect(seen == (1...200).map { "\($0)" })
    }

    @Test(arguments: transports, [0, 1, 2, 3, 1_000, 4_096])
    func paddingIsNoMessage(transport: String, padding: Int) throws {
        let plain = try ask(transport, "").answer
        let padded = try ask(transport, "padding=\(padding)").answer
        #expect(padded.status == 200)
        #expect((padding - 64...padding + 64).contains(padded.body.count - plain.body.count))
        #expect(try position(plain) == position(padded))
        if transport == "sse" { #expect(EventStreamReader(padded.body).events.isEmpty) }
        if transport == "stream" { #expect(padded.body.split(separator: 0x0A).count == 1) }
        if transport == "multipart" { #expect(MultipartReader(padded.body, boundary: "halley").parts.count == 1) }
    }

    @Test(arguments: [
        "bytes=0", "bytes=-1", "bytes=", "bytes=1e3", "bytes=9999999999999999999999", "bytes=1073741825", "bytes=%2B1",
        "bytes=%D9%A1", "seconds=0", "seconds=86401", "seconds=x", "padding=-1", "padding=4097", "padding=0x1",
        "padding=",
    ])
    func aBadLimitIsRefused(query: String) throws {
        for transport in Self.transports { #expect(try ask(transport, query).answer.status == 400) }
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func withoutALimitTheConnectionIsNotSaidToEnd() throws {
        #expect(try ask("stream", "padding=1").answer.fields["connection"] == nil)
    }
}
