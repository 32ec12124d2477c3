import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// Server push by parts.
@Suite struct MultipartTests {
    private let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    private func ask(_ query: String = "") throws -> EmbeddedClient {
        try fixture.ask(get("/events?channel=news\(query)", "Accept: multipart/x-mixed-replace"))
    }

    private func parts(_ client: EmbeddedClient) throws -> [String] {
        MultipartReader(try client.answer.body, boundary: "halley").parts.map {
            String(decoding: $0.body, as: UTF8.self)
        }
    }

    @Test(arguments: HostilePayloads.all)
    func aMessageIsOnePartWhateverItCarries(payload: [UInt8]) {
        let delivery = delivery(payload, position: somewhere)
        let body = Array("--halley\r\n".utf8) + Multipart.event(delivery) + Multipart.event(delivery)
        let reader = MultipartReader(body, boundary: "halley")
        #expect(reader.parts.map(\.body) == [JSONMessage.event(delivery), JSONMessage.event(delivery)])
        #expect(reader.parts.allSatisfy { $0.type == "application/json" })
        #expect(!reader.isEnded)
        #expect(MultipartReader(body + Multipart.ending, boundary: "halley").isEnded)
        #expect(MultipartReader(body + Multipart.ending, boundary: "halley").parts.count == 2)
    }

    @Test func aPartIsCompleteAtOnce() throws {
        let client = try ask()
        #expect(try client.answer.fields["content-type"] == "multipart/x-mixed-replace; boundary=halley")
        let position = try #require(fixture.hub.position)
        #expect(try parts(client) == [#"{"position":"\#(position)"}"#])
        fixture.publish("a")
        #expect(try parts(client).count == 2)
        #expect(try parts(client)[1].hasSuffix(#""data":"a"}"#))
        #expect(try client.answer.text.hasSuffix("\r\n--halley\r\n"))
    }

    @Test func silenceEndsInAPartThatMovesThePosition() throws {
        let client = try ask()
        try fixture.tick(2)
        fixture.pass(.seconds(17))
        let position = try #require(fixture.hub.position)
        #expect(try parts(client).last == #"{"position":"\#(position)"}"#)
    }

    @Test func theEndIsSaid() throws {
        let client = try ask()
        fixture.server.stop()
        fixture.pass(.seconds(1))
        let answer = try client.answer
        #expect(answer.isWhole)
        #expect(answer.text.hasSuffix("--halley\r\n\r\n--halley--\r\n"))
        #expect(MultipartReader(answer.body, boundary: "halley").isEnded)
    }

    @Test func aGapIsAPart() throws {
        let client = try ask("&position=1-0.zzzzzz")
        #expect(try parts(client).contains { $0.hasPrefix(#"{"gap":{"channel":"news","#) })
    }
}
