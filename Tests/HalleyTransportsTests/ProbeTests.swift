import HalleyTransports
import NIOCore
import Testing

@Suite struct ProbeTests {
    private let fixture: ServerFixture

    init() throws { fixture = try ServerFixture() }

    @Test(arguments: [("", 2_000), ("?delay=100", 100), ("?delay=5000", 5_000)])
    func theSecondChunkComesLater(query: String, milliseconds: Int) throws {
        let client = try fixture.ask(get("/probe\(query)"))
        var answer = try client.answer
        #expect(answer.status == 200)
        #expect(answer.text == "1\n")
        #expect(!answer.isWhole)
        #expect(answer.fields["content-type"] == "text/plain")
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["x-accel-buffering"] == "no")
        #expect(answer.fields["access-control-allow-origin"] == "*")
        #expect(answer.fields["cache-control"]?.contains("no-store") == true)
        #expect(fixture.server.heldRequests == 1)
        fixture.pass(.milliseconds(Int64(milliseconds) - 1))
        #expect(try client.answer.text == "1\n")
        fixture.pass(.milliseconds(1))
        answer = try client.answer
        #expect(answer.text == "1\n2\n")
        #expect(answer.isWhole)
        #expect(fixture.server.heldRequests == 0)
        #expect(client.isOpen)
    }

    @Test func whatIsPipelinedBehindItIsAnswered() throws {
        let client = try fixture.ask(get("/probe?delay=100") + get("/health/live"))
        #expect(try client.answers.count == 1)
        fixture.pass(.milliseconds(100))
        #expect(try client.answers.map(\.text) == ["1\n2\n", "live"])
    }

    @Test func HTTP10GetsNoChunks() throws {
        let client = try fixture.ask(get("/probe?delay=100", version: "1.0"))
        fixture.pass(.milliseconds(100))
        #expect(try client.answer.text == "1\n2\n")
        #expect(!client.isOpen)
    }

    @Test(arguments: [
        "delay=99", "delay=5001", "delay=", "delay=-1", "delay=1e3", "delay=99999", "delay=%", "delay=+100",
    ])
    func aBadDelayIsRefused(query: String) throws {
        #expect(try fixture.ask(get("/probe?\(query)")).answer.status == 400)
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func itsNumberIsBounded() throws {
        var bounds = ConnectionBounds.test
        bounds.connections = 2
        let fixture = try ServerFixture(bounds: bounds)
        let first = try fixture.ask(get("/probe"))
        _ = try fixture.ask(get("/events?channel=news"))
        #expect(try fixture.ask(get("/probe")).answer.status == 503)
        first.close()
        fixture.loop.run()
        #expect(fixture.server.heldRequests == 1)
        #expect(try fixture.ask(get("/probe")).answer.status == 200)
    }

    @Test func aClientThatLeavesTakesItsTimerAlong() throws {
        for _ in 0..<300 { try fixture.ask(get("/probe")).close() }
        fixture.loop.run()
        #expect(fixture.server.heldRequests == 0)
        fixture.pass(.seconds(6))
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func stoppingEndsIt() throws {
        let client = try fixture.ask(get("/probe?delay=5000"))
        fixture.server.stop()
        fixture.pass(.seconds(1))
        #expect(try client.answer.isWhole)
        #expect(!client.isOpen)
        fixture.pass(.seconds(6))
        #expect(fixture.server.isIdle)
    }

    @Test func otherMethodsAreNotServed() throws {
        let client = try fixture.ask("POST /probe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        #expect(try client.answer.status == 405)
    }
}
