import HalleyCoordinator
import RedisFixture
import Testing

/// What the internet sends to a listener, over real sockets.
struct ListenerGuardTests {
    private let host = "Host: push.localhost:8080\r\n"

    private var hasty: RequestPace.Bounds {
        var bounds = RequestPace.Bounds()
        bounds.reading = .milliseconds(300)
        bounds.idle = .milliseconds(600)
        bounds.lingering = .milliseconds(200)
        return bounds
    }

    @Test func `what is no HTTP, and heads that are too large`() async throws {
        try await withCoordinator { coordinator in
            let long = String(repeating: "a", count: 17_000)
            let cases: [(String, ClosedRange<Int>)] = [
                ("nonsense\r\n\r\n", 400...400),
                ("GET /\(long) HTTP/1.1\r\n\(host)\r\n", 431...431),
                ("GET /events?channel=\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\n\(host)\r\n", 431...431),
                ("GET / HTTP/1.1\r\n\(host)X: \(long)\r\n\r\n", 431...431),
                ("GET / HTTP/1.1\r\n\(host)\(String(repeating: "A: b\r\n", count: 101))\r\n", 431...431),
                ("GET / HTTP/1.1\r\n\(host): x\r\n\r\n", 400...400),
                ("GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400...400),
                ("GET / HTTP/1.1\r\n\(host)Host: evil.example\r\n\r\n", 400...400),
                ("GET http://evil.example/ HTTP/1.1\r\n\(host)\r\n", 400...400),
                ("CONNECT evil.example:80 HTTP/1.1\r\n\(host)\r\n", 400...400),
                ("OPTIONS * HTTP/1.1\r\n\(host)\r\n", 400...400),
                ("TRACE / HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", 405...405),
                ("POST /session HTTP/1.1\r\n\(host)Content-Length: 9223372036854775808\r\n\r\n", 400...413),
                ("POST /session HTTP/1.1\r\n\(host)Content-Length: 18446744073709551616\r\n\r\n", 400...413),
                ("POST /session HTTP/1.1\r\n\(host)Content-Length: 9223372036854775807\r\n\r\n", 413...413),
                ("GET / HTTP/1.1\r\n\(host)Content-Length: 9223372036854775807\r\n\r\n", 413...413),
                ("POST /session HTTP/1.1\r\n\(host)Content-Length: \r\n\r\n", 400...400),
                ("POST /session HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400...400),
                (
                    "POST /session HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    400...400
                ),
                ("POST /session HTTP/1.1\r\n\(host)Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400...400),
                (
                    "POST /session HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n\r\n",
                    400...400
                ),
            ]
            for (text, status) in cases {
                let answer = try await coordinator.raw(text)
                #expect(status.contains(answer.status), "\(text.prefix(90).debugDescription): \(answer.status)")
                #expect(answer.count == 1)
                #expect(answer.body.contains(#""error":"#))
            }
            // Nobody else was harmed.
            #expect(try await coordinator.request("GET", "/health/live").status == 200)
        }
    }

    @Test func `a head that trickles is ended, with a reason`() async throws {
        try await withCoordinator(pace: hasty) { coordinator in
            let client = try await RawClient(port: coordinator.port)
            let begin = ContinuousClock.now
            let drip = Task {
                for byte in "GET / HTTP/1.1\r\n\(host)X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
                    try await client.send(String(byte))
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            #expect(try await client.untilEnd().status == 408)
            #expect(begin.duration(to: .now) < .seconds(2))
            drip.cancel()
        }
    }

    @Test func `a body that trickles is ended, with a reason`() async throws {
        try await withCoordinator(pace: hasty) { coordinator in
            let client = try await RawClient(port: coordinator.port)
            try await client.send("POST /publish?channel=a HTTP/1.1\r\n\(host)Content-Length: 1000\r\n\r\n")
            let drip = Task {
                while !Task.isCancelled {
                    try await client.send("a")
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            let answer = try await client.untilEnd()
            #expect(answer.status == 408)
            #expect(answer.fields["connection"] == "close")
            #expect(answer.count == 1)
            drip.cancel()
        }
    }

    @Test func `a socket that says nothing is closed`() async throws {
        try await withCoordinator(pace: hasty) { coordinator in
            let client = try await RawClient(port: coordinator.port)
            #expect(try await client.untilEnd().status == 0)
        }
    }

    @Test func `an answer before the body's end is readable, and ends the connection`() async throws {
        try await withCoordinator(pace: hasty) { coordinator in
            let client = try await RawClient(port: coordinator.port)
            try await client.send("POST /nothing HTTP/1.1\r\n\(host)Content-Length: 100000\r\n\r\n")
            try await client.send(String(repeating: "a", count: 50_000))
            let answer = try await client.untilEnd()
            #expect(answer.status == 404)
            #expect(answer.fields["connection"] == "close")
        }
    }

    @Test func `requests one after the other on one connection`() async throws {
        try await withCoordinator { coordinator in
            let client = try await RawClient(port: coordinator.port)
            let request = "GET /health/live HTTP/1.1\r\n\(host)\r\n"
            try await client.send(request + request + request)
            try await eventually { Answer(try await client.received).count == 3 }
            try await client.send("GET /health/live HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
            #expect(try await client.untilEnd().count == 4)
        }
    }
}
