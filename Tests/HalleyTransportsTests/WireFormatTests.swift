import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

@Suite struct WireFormatTests {
    static func request(_ query: String, version: String = "1.1") throws -> SubscriptionRequest {
        let request = HTTPRequest(
            method: "GET", path: "/events", query: "channel=news&" + query, isHTTP11: version == "1.1", fields: [])
        return try SubscriptionRequest(request, keys: nil, now: 0)
    }

    static func format(_ query: String, version: String = "1.1") throws -> WireFormat {
        WireFormat(try request(query, version: version))
    }

    static func all() throws -> [SubscriptionRequest] {
        try ["1.0", "1.1"].flatMap { version in
            try [
                "transport=sse", "transport=sse&format=json", "transport=sse&event=message",
                "transport=sse&event=message&format=json", "transport=stream", "transport=multipart",
                "transport=iframe&origin=http://push.localhost:8080",
            ].map { try request($0, version: version) }
        }
    }

    private func bytes(_ buffer: ByteBuffer) -> [UInt8] { Array(buffer.readableBytesView) }

    @Test func aChunkIsItsSizeInHexadecimalItsBytesAndLineEnds() throws {
        let frame = try Self.format("transport=stream").frame(delivery(#""\#(String(repeating: "x", count: 300))""#))
        let text = String(buffer: frame)
        let size = try #require(Int(text.prefix { $0 != "\r\n" }, radix: 16))
        #expect(text.hasPrefix("149\r\n{\"channel\":"))
        #expect(text.hasSuffix("}\n\r\n"))
        #expect(size == text.utf8.count - 5 - 2)
    }

    @Test func withoutChunksTheBytesStandAlone() throws {
        let frame = try Self.format("transport=stream", version: "1.0").frame(delivery("1"))
        #expect(String(buffer: frame) == "{\"channel\":\"news\",\"data\":1}\n")
    }

    @Test func everyFormatKeepsItsOwnFrame() throws {
        let formats = try Self.all().map { WireFormat($0) } + [Self.format("transport=websocket")]
        let delivery = delivery("a", position: somewhere)
        let frames = formats.map { bytes($0.frame(delivery)) }
        #expect(Set(frames).count == formats.count)
        #expect(formats.map { bytes($0.frame(delivery)) } == frames)
    }

    @Test func aStreamIsAWellFramedAnswerThatEndsWhole() throws {
        for request in try Self.all() {
            let format = WireFormat(request)
            var stream = bytes(
                format.opening(to: request, resume: .fresh, retry: 700, position: somewhere, server: "worker-1"))
            for text in ["a", "", "b\n"] { stream += bytes(format.frame(delivery(text, position: somewhere))) }
            stream += bytes(format.heartbeat(somewhere))
            stream += bytes(format.heartbeat(nil))
            let open = try #require(try Answer.all(in: stream).first)
            #expect(open.status == 200)
            #expect(open.isWhole == !format.isChunked)
            let answers = try Answer.all(in: stream + bytes(format.ending))
            #expect(answers.count == 1)
            #expect(answers[0].isWhole)
            if format.transport == .sse {
                let reader = EventStreamReader(answers[0].body)
                // Heartbeats are messages too for those who ask for messages of JSON.
                #expect(reader.events.count == 3 + (format.style.isJSON && format.style.isMessage ? 3 : 0))
                #expect(reader.retry == 700)
                #expect(reader.lastEventID == somewhere.description)
            } else if format.transport == .stream {
                #expect(answers[0].body.split(separator: 0x0A).count == 5)
            }
        }
    }

    @Test(arguments: [
        ("transport=sse", "text/event-stream"), ("transport=stream", "application/x-ndjson"),
        ("transport=multipart", "multipart/x-mixed-replace; boundary=halley"),
        ("transport=iframe&origin=http://push.localhost:8080", "text/html; charset=utf-8"),
    ])
    func theHeadNamesTheTypeAndForbidsCaches(query: String, type: String) throws {
        let request = try Self.request(query)
        let head = WireFormat(request).opening(
            to: request, resume: .complete, retry: 1, position: nil, server: "worker-1")
        let fields = try #require(try Answer.all(in: bytes(head)).first).fields
        #expect(fields["content-type"] == type)
        #expect(fields["cache-control"] == "no-store, no-transform")
        #expect(fields["vary"]?.contains("Origin") == true)
        #expect(fields["x-content-type-options"] == "nosniff")
        #expect(fields["referrer-policy"] == "no-referrer")
        #expect(fields["access-control-allow-origin"] == "*")
        #expect(fields["access-control-allow-credentials"] == nil)
        #expect(fields["halley-worker"] == "worker-1")
        #expect(fields["halley-resume"] == "complete")
    }

    @Test(arguments: [(Resume.fresh, nil), (.complete, "complete"), (.durableOnly, "durable-only")])
    func theHeadSaysHowCompleteAResumeIs(resume: Resume, value: String?) throws {
        let request = try Self.request("transport=sse")
        let head = WireFormat(request).opening(to: request, resume: resume, retry: 1, position: nil, server: "w")
        #expect(try Answer.all(in: bytes(head)).first?.fields["halley-resume"] == value)
    }
}
