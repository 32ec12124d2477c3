import HalleyCoordinator
import HalleyCore
import Testing

struct SessionRequestTests {
    private func request(_ body: String, _ query: String = "") throws -> SessionRequest {
        try SessionRequest(body: SessionBody(Array(body.utf8)), query: Query(query))
    }

    private func names(_ body: String, _ query: String = "") throws -> [String] {
        try request(body, query).channels.channels.map(\.name)
    }

    @Test func `channels come from the body, from the query, or from both, each once`() throws {
        #expect(try names("").isEmpty)
        #expect(try names(" \r\n").isEmpty)
        #expect(try names("{}").isEmpty)
        #expect(try names(#"{"channels":["news","user.42","news"]}"#) == ["news", "user.42"])
        #expect(try names(#"{"channel":"news"}"#) == ["news"])
        #expect(try names(#"{"channel":["a","b"],"channels":"c","else":{"x":[1]}}"#) == ["c", "a", "b"])
        #expect(try names(#"{"channels":null}"#, "channel=a&channel=b") == ["a", "b"])
        #expect(try names(#"{"channels":["b"]}"#, "channel=a&channel=b") == ["b", "a"])
    }

    @Test(arguments: [
        "null", "[]", "7", #""news""#, "{", "nothing", #"{"channels":7}"#, #"{"channels":[7]}"#, #"{"channels":{}}"#,
        #"{"channels":[["a"]]}"#, #"{"channels":["\ud800"]}"#, "{\"channels\":[\"a\"]}\u{0}", #"{"channels":["a"]} {}"#,
        #"{"channels":["a"],"channels":["b"]}"#, #"{"channels":["a"],"chann\u0065ls":["b"]}"#, #"{"x":1,"x":1}"#,
    ])
    func `a body that is none`(body: String) {
        #expect(throws: RequestError.malformedBody) { try request(body) }
    }

    /// Deep, long and odd JSON costs no more than its length, and no stack.
    @Test func `hostile JSON is refused or ignored`() throws {
        let half = SessionBody.maximumLength / 2
        let deep = String(repeating: "[", count: half) + String(repeating: "]", count: half)
        #expect(throws: RequestError.malformedBody) { try request(deep) }
        #expect(throws: RequestError.malformedBody) { try request("{\"channels\":\(deep)}") }
        #expect(try names(#"{"x":1e999999999,"channels":["a"]}"#) == ["a"])
        #expect(try names(String(repeating: "\n", count: 32_768)).isEmpty)
        let many = (0..<4_000).map { #""k\#($0)":0"# }.joined(separator: ",")
        #expect(try names("{\(many)}").isEmpty)
    }

    @Test(arguments: ["*", "a b", "{a}", "%s", "a\u{0}", "é", "open", ""])
    func `a name that is none is refused`(name: String) throws {
        #expect(throws: RequestError.self) { try request("", "channel=\(Query.encode(name))") }
    }

    @Test func `too many channels, and a name too long`() throws {
        let names = (0..<64).map { "c\($0)" }
        #expect(try request("", names.map { "channel=\($0)" }.joined(separator: "&")).channels.channels.count == 64)
        #expect(throws: RequestError.tooManyChannels(65)) {
            try request(#"{"channel":"one-more"}"#, names.map { "channel=\($0)" }.joined(separator: "&"))
        }
        #expect(throws: RequestError.channel(.tooLong(256))) {
            try request("", "channel=\(String(repeating: "a", count: 256))")
        }
    }

    @Test func `the grant's URL is complete, and its ticket says the same`() throws {
        let grant = try request(#"{"channels":["news","a#b"]}"#, "format=json").grant(
            label: label, keys: keys, apex: .standard, now: 1_000, lifetime: 3_600)
        #expect(
            grant.url
                == "http://s17-c.push.localhost:8080/events?channel=news&channel=a%23b&format=json&ticket=\(grant.ticket)"
        )
        let ticket = try keys.verify(grant.ticket, now: 4_599)
        #expect(ticket.channels == [channel("a#b"), channel("news")])
        #expect(ticket.session == grant.session)
        #expect(ticket.label == label)
        #expect(grant.expiresIn == 3_600)
        #expect(throws: TicketError.expired(ticket)) { try keys.verify(grant.ticket, now: 4_600) }
    }

    @Test func `without channels the ticket admits to all`() throws {
        let grant = try request("").grant(label: label, keys: keys, apex: .standard, now: 0, lifetime: 60)
        #expect(try keys.verify(grant.ticket, now: 1).channels == nil)
        #expect(grant.url == "http://s17-c.push.localhost:8080/events?ticket=\(grant.ticket)")
    }

    @Test func `names that make too long a URL together are refused, not cut`() throws {
        let names = (0..<64).map { "\($0)" + String(repeating: "/", count: 250) }
        let query = names.map { "channel=\($0)" }.joined(separator: "&")
        #expect(throws: RequestError.self) {
            try request("", query).grant(label: label, keys: keys, apex: .standard, now: 0, lifetime: 60)
        }
    }
}
