import HalleyCore
import HalleyTransports
import Testing

@Suite struct SubscriptionRequestTests {
    private func read(
        _ query: String, _ fields: [(String, String)] = [], keys: TicketKeys? = nil, now: Int64 = 1_000
    ) throws -> SubscriptionRequest {
        try SubscriptionRequest(
            HTTPRequest(
                method: "GET", path: "/events", query: query, isHTTP11: true,
                fields: fields.map { (name: $0, value: $1) }),
            keys: keys, now: now)
    }

    private func keys() throws -> TicketKeys {
        try #require(TicketKeys(secrets: [Array(repeating: 7, count: 32)]))
    }

    private func ticket(_ channels: [String]?, expiry: Int64 = 2_000) throws -> String {
        let label = try #require(ShardLabel("s1-a"))
        return try keys().sign(
            Ticket(session: .random(), label: label, channels: channels?.map(named), expiry: expiry))
    }

    @Test func channelsAreReadInOrderAndEachOnce() throws {
        let request = try read("channel=b&channel=a&channel=b&channel=user.42%2Fx")
        #expect(request.channels.map(\.name) == ["b", "a", "user.42/x"])
        #expect(request.position == nil)
    }

    @Test func sixtyFourChannelsAreAllowed() throws {
        let query = { (count: Int) in (0..<count).map { "channel=c\($0)" }.joined(separator: "&") }
        #expect(try read(query(64)).channels.count == 64)
        #expect(throws: SubscriptionError.tooManyChannels(65)) { try read(query(65)) }
        #expect(throws: SubscriptionError.tooManyChannels(200)) { try read(query(200)) }
    }

    static let refused: [(query: String, error: SubscriptionError)] = [
        ("", .noChannel),
        ("x=1", .noChannel),
        ("channel=", .channel(.empty)),
        ("channel=\(String(repeating: "a", count: 256))", .channel(.tooLong(256))),
        ("channel=a%0D%0AFLUSHALL", .channel(.forbiddenCharacter)),
        ("channel=a%00", .channel(.forbiddenCharacter)),
        ("channel=a%20b", .channel(.forbiddenCharacter)),
        ("channel=*", .channel(.forbiddenCharacter)),
        ("channel=a%3F", .channel(.forbiddenCharacter)),
        ("channel=a%5Bb", .channel(.forbiddenCharacter)),
        ("channel=%7Ba%7D", .channel(.forbiddenCharacter)),
        ("channel=%25s", .channel(.forbiddenCharacter)),
        ("channel=%C3%A9", .channel(.forbiddenCharacter)),
        ("channel=open", .channel(.reserved)),
        ("channel=%", .malformedQuery),
        ("channel=a&position=0", .position(.malformed)),
        ("channel=a&position=-1", .position(.malformed)),
        ("channel=a&position=99999999999999-0", .position(.malformed)),
        ("channel=a&position=1-18446744073709551616.abcdef", .position(.malformed)),
        ("channel=a&position=1-1.abcdef%0D%0A", .position(.malformed)),
        ("channel=a&position=\(String(repeating: "1", count: 10_000))", .position(.tooLong)),
        ("channel=a&transport=fax", .unknownTransport),
        ("channel=a&format=xml", .unknownStyle),
    ]

    @Test(arguments: refused.indices)
    func badInputIsRefusedAndNotEchoed(index: Int) {
        let (query, error) = Self.refused[index]
        #expect(throws: error) { try read(query) }
        #expect(error.status == .badRequest)
        #expect(!error.message.isEmpty)
    }

    @Test func theLastEventIDWinsOverTheQuery() throws {
        let other = "1-2.aB3xYz"
        #expect(try read("channel=a&position=\(other)").position?.description == other)
        #expect(
            try read("channel=a&position=\(other)", [("last-event-id", "\(somewhere)")]).position == somewhere)
        #expect(throws: SubscriptionError.position(.malformed)) {
            try read("channel=a&position=\(other)", [("last-event-id", "garbage")])
        }
        #expect(throws: SubscriptionError.position(.malformed)) {
            try read("channel=a", [("last-event-id", "\(somewhere)"), ("last-event-id", other)])
        }
    }

    @Test func anEmptyPositionIsNone() throws {
        #expect(try read("channel=a&position=").position == nil)
        #expect(try read("channel=a", [("last-event-id", "")]).position == nil)
    }

    // MARK: - Tickets

    @Test func aTicketAdmitsToItsChannelsAlone() throws {
        let ticket = try ticket(["a", "b"])
        #expect(try read("channel=a&ticket=\(ticket)", keys: keys()).channels == [named("a")])
        #expect(try read("channel=b", [("authorization", "Bearer \(ticket)")], keys: keys()).channels == [named("b")])
        #expect(try read("channel=b", [("authorization", "bearer \(ticket)")], keys: keys()).channels == [named("b")])
        #expect(throws: SubscriptionError.notAdmitted) {
            try read("channel=a&channel=c&ticket=\(ticket)", keys: keys())
        }
    }

    @Test func withoutChannelsTheTicketsAreMeant() throws {
        #expect(try read("ticket=\(try ticket(["b", "a"]))", keys: keys()).channels == [named("a"), named("b")])
        #expect(throws: SubscriptionError.noChannel) { try read("ticket=\(try ticket(nil))", keys: keys()) }
        #expect(throws: SubscriptionError.tooManyChannels(65)) {
            try read("ticket=\(try ticket((0..<65).map { "c\($0)" }))", keys: keys())
        }
    }

    @Test func aTicketForAllAdmitsToAll() throws {
        #expect(try read("channel=z&ticket=\(try ticket(nil))", keys: keys()).channels == [named("z")])
    }

    @Test func aTicketThatIsThereMustVerify() throws {
        for text in ["", "x", "a.b", try ticket(nil) + "x", String(repeating: "a", count: 10_000)] {
            #expect(throws: SubscriptionError.ticket(.invalid)) { try read("channel=a&ticket=\(text)", keys: keys()) }
        }
        for header in ["Basic dXNlcjpwYXNz", "Bearer", "", "Bearer x"] {
            #expect(throws: SubscriptionError.ticket(.invalid)) {
                try read("channel=a", [("authorization", header)], keys: keys())
            }
        }
        #expect(SubscriptionError.ticket(.invalid).status == .unauthorized)
        #expect(SubscriptionError.notAdmitted.status == .forbidden)
    }

    @Test func anExpiredTicketSaysSo() throws {
        let ticket = try ticket(nil, expiry: 1_000)
        do {
            _ = try read("channel=a&ticket=\(ticket)", keys: keys(), now: 1_000)
            Issue.record("it was admitted")
        } catch SubscriptionError.ticket(.expired(let expired)) {
            #expect(expired.expiry == 1_000)
        }
        #expect(try read("channel=a&ticket=\(ticket)", keys: keys(), now: 999).channels.count == 1)
    }

    @Test func whileTheKeysAreUnknownNoTicketIsJudged() throws {
        #expect(throws: SubscriptionError.keysUnknown) { try read("channel=a&ticket=x") }
        #expect(try read("channel=a").channels.count == 1)
    }

    // MARK: - Pages

    @Test(arguments: [
        [], [("origin", "http://push.localhost:8080")], [("origin", "HTTP://PUSH.LOCALHOST:8080")],
        [("origin", "http://s1.push.localhost:8080"), ("host", "s1.push.localhost:8080")],
    ])
    func aWebSocketIsForWhatIsNoPageAndForVerifiedPages(fields: [(String, String)]) throws {
        #expect(try read("transport=websocket&channel=a", fields).transport == .websocket)
        #expect(try read("transport=websocket", fields).channels.isEmpty)
    }

    @Test(arguments: [
        [("origin", "null")], [("origin", "")], [("origin", "https://evil.example")],
        [("origin", "http://push.localhost")],
        [("origin", "https://push.localhost:8080")], [("origin", "http://push.localhost:8080.evil.com")],
        [("origin", "http://evil-push.localhost:8080")], [("origin", "http://push.localhost:8080/")],
        [("origin", "http://push.localhost:8080"), ("origin", "http://push.localhost:8080")],
        [("origin", "http://localhost:3000"), ("host", "localhost:9001")], [("origin", "file://")],
    ])
    func noWebSocketIsForOtherPages(fields: [(String, String)]) throws {
        // With whatever ticket: nothing else is looked at before.
        for query in ["channel=a", "channel=a&ticket=x", ""] {
            #expect(throws: SubscriptionError.foreignOrigin) { try read("transport=websocket&" + query, fields) }
        }
    }

    @Test func originsAreNobodysAffairOnOtherTransports() throws {
        for transport in ["sse", "stream", "long-poll", "multipart", "jsonp&callback=f"] {
            #expect(!(try read("channel=a&transport=\(transport)", [("origin", "null")]).channels.isEmpty))
        }
    }

    @Test func requestsOfTheSameQueryAreTheSameWhereNothingElseSpeaks() throws {
        let poll = try read("channel=a&transport=jsonp&callback=f")
        #expect(poll.isOfQueryAlone)
        for query in ["channel=a&callback=f", "channel=a&transport=sse", "channel=a&transport=websocket"] {
            #expect(!(try read(query).isOfQueryAlone))
        }
    }
}
