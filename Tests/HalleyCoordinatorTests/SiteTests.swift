import Foundation
import HalleyCluster
import HalleyCoordinator
import HalleyCore
import RedisFixture
import Testing

/// The coordinator's HTTP, over real sockets and a real Redis.
struct SiteTests {
    private func json(_ answer: Answer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
    }

    @Test func `a session is given, and its hostname is complete`() async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.request("POST", "/session", body: #"{"channels":["news"]}"#)
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/json")
            #expect(answer.fields["cache-control"] == "no-store")
            #expect(answer.fields["x-content-type-options"] == "nosniff")
            #expect(answer.fields["referrer-policy"] == "no-referrer")
            #expect(answer.fields["access-control-allow-origin"] == nil)
            let session = try json(answer)
            let shard = try #require(session["shard"] as? String)
            let ticket = try #require(session["ticket"] as? String)
            #expect(ShardLabel(shard)?.lane != nil)
            #expect(SessionID(try #require(session["session"] as? String)) != nil)
            #expect(
                session["url"] as? String
                    == "http://\(shard).push.localhost:8080/events?channel=news&ticket=\(ticket)")
            #expect(session["expiresIn"] as? Int == 3_600)

            // What lies in Redis verifies what was given.
            let keys = try await TicketKeyStore(redis: coordinator.redis, name: .standard).load()
            #expect(try keys.verify(ticket, now: Int64(Date().timeIntervalSince1970)).channels == [channel("news")])
        }
    }

    @Test func `sixteen sessions have sixteen hostnames`() async throws {
        try await withCoordinator { coordinator in
            var shards: Set<String> = []
            for _ in 0..<16 {
                shards.insert(
                    try json(await coordinator.request("POST", "/session?channel=a"))["shard"] as? String ?? "")
            }
            #expect(shards.count == 16)
        }
    }

    @Test func `events at the apex are elsewhere`() async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.request("GET", "/events?channel=news&format=json")
            #expect(answer.status == 307)
            #expect(answer.fields["access-control-allow-origin"] == "*")
            #expect(answer.fields["access-control-allow-credentials"] == nil)
            #expect(answer.fields["cache-control"] == "no-store")
            let location = try #require(answer.fields["location"])
            #expect(location.hasPrefix("http://s"))
            #expect(location.contains(".push.localhost:8080/events?channel=news&format=json&ticket="))
            #expect(answer.body.isEmpty)

            // On with the ticket, as a page that was redirected before.
            let query = try #require(location.split(separator: "?").last)
            let again = try await coordinator.request("GET", "/events?\(query)", ["Origin": "null"])
            #expect(again.fields["location"] == location)
            #expect(again.fields["access-control-allow-origin"] == "*")

            let preflight = try await coordinator.request(
                "OPTIONS", "/events?channel=news",
                ["Origin": "https://any.example", "Access-Control-Request-Method": "GET"])
            #expect(preflight.status == 204)
            #expect(preflight.fields["access-control-allow-origin"] == "*")
            #expect(preflight.fields["access-control-allow-headers"]?.contains("Last-Event-ID") == true)
        }
    }

    @Test(arguments: [
        ("/events", 400), ("/events?channel=", 400), ("/events?channel=a%0d%0ab", 400), ("/events?channel=%00", 400),
        ("/events?channel=*", 400), ("/events?channel=%7Ba%7D", 400), ("/events?channel=%25s", 400),
        ("/events?channel=%", 400), ("/events?channel=\(String(repeating: "a", count: 256))", 400),
        ("/events?\((0..<100).map { "channel=c\($0)" }.joined(separator: "&"))", 400),
        ("/events?\((0..<200).map { "channel=c\($0)" }.joined(separator: "&"))", 400),
        ("/events?channel=a&ticket=x", 401), ("/events?channel=a&ticket=x&ticket=y", 400), ("/nothing", 404),
        ("/events/x.css", 404), ("//", 404),
    ])
    func `bad requests have clear answers`(target: String, status: Int) async throws {
        try await withCoordinator { coordinator in
            let answer = try await coordinator.request("GET", target)
            #expect(answer.status == status)
            #expect(try json(answer)["error"] is String)
            #expect(answer.fields["x-content-type-options"] == "nosniff")
        }
    }

    @Test func `a session is for pages of ours and of listed sites`() async throws {
        let app = try #require(Origin("https://app.example"))
        try await withCoordinator(allowed: [app]) { coordinator in
            let listed = try await coordinator.request("POST", "/session", ["Origin": "https://app.example"])
            #expect(listed.status == 200)
            #expect(listed.fields["access-control-allow-origin"] == "https://app.example")
            #expect(listed.fields["access-control-allow-credentials"] == nil)
            #expect(listed.fields["vary"] == "Origin")
            let preflight = try await coordinator.request("OPTIONS", "/session", ["Origin": "https://app.example"])
            #expect(preflight.status == 204)
            #expect(preflight.fields["access-control-allow-methods"] == "POST")
            let ours = try await coordinator.request("POST", "/session", ["Origin": "http://push.localhost:8080"])
            #expect(ours.status == 200)

            for origin in ["https://evil.example", "null", "https://app.example.evil.com"] {
                for (method, target) in [("POST", "/session"), ("OPTIONS", "/session"), ("GET", "/events?channel=a")] {
                    let answer = try await coordinator.request(method, target, ["Origin": origin])
                    #expect(answer.status == 403)
                    #expect(answer.fields["access-control-allow-origin"] == nil)
                    #expect(!answer.body.contains("evil"))
                }
            }
        }
    }

    @Test func `bodies of sessions`() async throws {
        try await withCoordinator { coordinator in
            #expect(try await coordinator.request("POST", "/session", body: "nothing").status == 400)
            let long = String(repeating: " ", count: 32_769)
            #expect(try await coordinator.request("POST", "/session", body: long).status == 413)
            let zipped = try await coordinator.request("POST", "/session", ["Content-Encoding": "gzip"], body: "x")
            #expect(zipped.status == 415)
        }
    }

    @Test func `publishing reaches Redis' subscribers`() async throws {
        try await withCoordinator { coordinator in
            let none = try await coordinator.request("POST", "/publish?channel=news&live=true", body: "hello")
            #expect(none.status == 200)
            #expect(none.body == #"{"receivers":0}"#)
            #expect(try await coordinator.request("POST", "/publish", body: "x").status == 400)
            #expect(try await coordinator.request("POST", "/publish?channel=a&channel=b", body: "x").status == 400)
            #expect(try await coordinator.request("POST", "/publish?channel=*", body: "x").status == 400)
            let foreign = try await coordinator.request(
                "POST", "/publish?channel=a", ["Origin": "https://evil.example"], body: "x")
            #expect(foreign.status == 403)
        }
    }

    @Test func `publishing is durable, and once by key`() async throws {
        try await withCoordinator { coordinator in
            let target = "/publish?channel=news&history=2"
            let first = try await coordinator.request("POST", target, ["Idempotency-Key": "order 7"], body: "hello")
            #expect(first.status == 200)
            let id = try #require(try json(first)["id"] as? String)
            #expect(EventID(id) != nil)
            let again = try await coordinator.request("POST", target, ["Idempotency-Key": "order 7"], body: "hello")
            #expect(again.body == first.body)
            #expect(try await coordinator.redis.send("XLEN", "halley/log/news").integer == 1)
            for _ in 0..<3 { #expect(try await coordinator.request("POST", target, body: "more").status == 200) }
            #expect(try await coordinator.redis.send("XLEN", "halley/log/news").integer == 2)

            // Somebody else's key in the log's place is Redis' to refuse, and no client's fault.
            try await coordinator.redis.send("SET", "halley/log/taken", "x")
            let refused = try await coordinator.request("POST", "/publish?channel=taken", body: "x")
            #expect(refused.status == 503)
            #expect(refused.body.contains("WRONGTYPE"))
        }
    }

    @Test func `a batch is answered line by line`() async throws {
        try await withCoordinator { coordinator in
            let lines = [
                #"{"channel":"a","data":{"n":1.0}}"#, "nonsense", #"{"channel":"a","payload":"x","live":true}"#,
                #"{"channel":"a","base64":"/w==","key":"k"}"#, #"{"channel":"a","base64":"/w==","key":"k"}"#,
            ]
            let answer = try await coordinator.request(
                "POST", "/publish", ["Content-Type": "application/x-ndjson"], body: lines.joined(separator: "\n") + "\n"
            )
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/x-ndjson")
            let answers = answer.body.split(separator: "\n").map(String.init)
            #expect(answers.count == 5)
            #expect(answers[0].hasPrefix(#"{"id":""#))
            #expect(answers[1].hasPrefix(#"{"error":""#))
            #expect(answers[2] == #"{"receivers":0}"#)
            #expect(answers[3] > answers[0])
            #expect(answers[4] == answers[3])
            let log = try await coordinator.redis.send("XRANGE", "halley/log/a", "-", "+")
            #expect(log.array?.compactMap { $0.array?[1].array?[3].bytes } == [Array(#"{"n":1.0}"#.utf8), [0xFF]])
        }
    }

    @Test func `how long logs stay is written to Redis, and written again when it is lost`() async throws {
        try await withCoordinator(retention: 7_000) { coordinator in
            let isWritten = {
                try await coordinator.redis.send("GET", "halley/retention").string?.hasPrefix("7000 ") ?? false
            }
            try await eventually { try await isWritten() }
            try await coordinator.redis.send("FLUSHALL")
            try await eventually { try await isWritten() }
        }
        try await withCoordinator { coordinator in
            let untold = try await coordinator.redis.send("GET", "halley/retention")
            #expect(untold.isNull)
        }
    }

    @Test func `a payload of a mebibyte is taken, one byte more isn't`() async throws {
        try await withCoordinator { coordinator in
            let most = String(repeating: "a", count: 1 << 20)
            #expect(try await coordinator.request("POST", "/publish?channel=a", body: most).status == 200)
            #expect(try await coordinator.request("POST", "/publish?channel=a", body: most + "a").status == 413)
            // Nor in chunks, whose sum nobody declares.
            let client = try await RawClient(port: coordinator.port)
            try await client.send(
                "POST /publish?channel=a HTTP/1.1\r\nHost: push.localhost\r\nConnection: close\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            try await client.send("100001\r\n\(most)a\r\n0\r\n\r\n")
            #expect(try await client.untilEnd().status == 413)
        }
    }

    @Test func `the administrators' routes are on their listener, unless all are open`() async throws {
        try await withCoordinator(isOpen: false) { coordinator in
            for (method, target) in [("POST", "/publish?channel=a"), ("GET", "/shards"), ("GET", "/health/ready")] {
                let everyone = try await coordinator.request(method, target)
                #expect(everyone.status == 404)
                let administrators = try await coordinator.request(method, target, admin: true)
                #expect(administrators.status == 200)
            }
            let live = try await coordinator.request("GET", "/health/live")
            #expect(live.status == 200)
            let pages = (
                try await coordinator.request("GET", "/"), try await coordinator.request("GET", "/", admin: true)
            )
            #expect(!pages.0.body.contains("publish-send"))
            #expect(pages.1.body.contains("publish-send"))
        }
    }

    @Test func `wrong methods and HEAD`() async throws {
        try await withCoordinator { coordinator in
            let wrong = try await coordinator.request("DELETE", "/session")
            #expect(wrong.status == 405)
            #expect(wrong.fields["allow"] == "POST, OPTIONS")
            let head = try await coordinator.request("HEAD", "/")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect((head.fields["content-length"].flatMap { Int($0) } ?? 0) > 1_000)
            #expect(head.fields["content-security-policy"]?.contains("default-src 'none'") == true)
        }
    }

    @Test func `workers and shards are shown`() async throws {
        try await withCoordinator { coordinator in
            try await coordinator.registry.register(record(1, connections: 7))
            try await coordinator.registry.register(record(2))
            try await eventually {
                let shards = try await coordinator.request("GET", "/shards").body
                return shards.contains(#""s63":"worker-"#) && shards.contains(#""id":"worker-2""#)
            }
            let shards = try json(await coordinator.request("GET", "/shards"))
            #expect(shards["leader"] as? String == "coordinator-1")
            #expect(EventID(shards["generation"] as? String ?? "") != nil)
            #expect((shards["shards"] as? [String: String])?.count == 64)
            let first = try #require((shards["workers"] as? [[String: Any]])?.first)
            #expect(first["id"] as? String == "worker-1")
            #expect(first["address"] as? String == "127.0.0.1:9001")
            #expect(first["connections"] as? Int == 7)
            #expect(first["state"] as? String == "ready")
            #expect(first["incarnation"] as? String == "0000000000000001")
            #expect(first["shards"] as? Int == 32)
        }
    }
}
