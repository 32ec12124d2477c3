import HalleyBench
import HalleyClient
import Testing

@Suite struct EventsRequestTests {
    static let apex = ServerURL("http://push.localhost:8080")
    static let session = ServerURL("http://s3-a.push.localhost:8080/events?channel=news&ticket=t")

    private func text(
        _ transport: BenchSettings.Transport, position: String = "", key: String? = nil
    ) throws -> (first: String, rest: String) {
        let request = EventsRequest(transport, url: try #require(Self.session), apex: try #require(Self.apex))
        let lines = request.text(position: position, key: key).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.suffix(2) == ["", ""] && lines[1] == "Host: s3-a.push.localhost:8080")
        return (String(lines[0]), lines.dropFirst().joined(separator: "\n"))
    }

    @Test(arguments: BenchSettings.Transport.allCases)
    func thePositionIsSaidOnce(transport: BenchSettings.Transport) throws {
        let begun = try text(transport)
        #expect(!begun.first.contains("position=") && !begun.rest.contains("Last-Event-ID"))
        let resumed = try text(transport, position: "5-0.aB3xYz")
        #expect(resumed.first.contains("&position=5-0.aB3xYz") == (transport != .sse))
        #expect(resumed.rest.contains("Last-Event-ID: 5-0.aB3xYz\n") == (transport == .sse))
    }

    @Test func whatNoFieldCanAskForIsInTheQuery() throws {
        #expect(try text(.jsonp).first.contains("&transport=jsonp&callback=b "))
        let frame = try text(.iframe).first
        #expect(frame.contains("&transport=iframe&origin="))
        let target = frame.split(separator: " ")[1]
        let decoded = target.replacing("%3A", with: ":").replacing("%2F", with: "/")
        #expect(decoded.hasSuffix("origin=http://push.localhost:8080"))
        #expect(try text(.multipart).rest.contains("Accept: multipart/x-mixed-replace\n"))
    }

    @Test func aRedirectsOwnItemsAreReplaced() throws {
        let url = try #require(
            ServerURL("http://s3-a.push.localhost/events?transport=jsonp&callback=b&position=1-0.aB3xYz"))
        let request = EventsRequest(.jsonp, url: url, apex: try #require(Self.apex))
        #expect(
            request.text(position: "5-0.aB3xYz", key: nil).hasPrefix(
                "GET /events?transport=jsonp&callback=b&position=5-0.aB3xYz HTTP/1.1\r\n"))
    }

    @Test func aWebSocketIsAskedForByAnUpgrade() throws {
        let rest = try text(.websocket, key: "dGhlIHNhbXBsZSBub25jZQ==").rest
        #expect(rest.contains("Upgrade: websocket\n") && rest.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"))
        #expect(!rest.contains("Origin"))
    }
}
