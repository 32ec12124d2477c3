import HalleyCoordinator
import HalleyCore
import Testing

struct EventsRedirectTests {
    private let other = ShardLabel(shard: Shard.all[3], lane: Lane("z"))

    private func redirect(now: Int64 = 1_000) -> EventsRedirect {
        EventsRedirect(apex: .standard, keys: keys, lifetime: 3_600, now: now)
    }

    private func grant(
        _ query: String, bearer: String? = nil, mayBegin: Bool = true, now: Int64 = 1_000
    ) throws -> SessionGrant {
        try redirect(now: now).grant(query: Query(query), bearer: bearer, mayBegin: mayBegin) { other }
    }

    private func ticket(_ names: [String]?, expiry: Int64 = 2_000) -> (text: String, session: SessionID) {
        let ticket = Ticket(session: .random(), label: label, channels: names.map { $0.map(channel) }, expiry: expiry)
        return (keys.sign(ticket), ticket.session)
    }

    @Test func `without a ticket a session begins, and the query's items are kept as they came`() throws {
        let grant = try grant("channel=news&format=json&x=%41&channel=b")
        #expect(
            grant.url
                == "http://s3-z.push.localhost:8080/events?channel=news&format=json&x=%41&channel=b&ticket=\(grant.ticket)"
        )
        #expect(try keys.verify(grant.ticket, now: 4_599).channels == [channel("b"), channel("news")])
    }

    @Test func `a valid ticket leads to its own hostname, unchanged`() throws {
        let (text, session) = ticket(["news"])
        let grant = try grant("ticket=\(text)&channel=news&position=1-0.AAAAAA")
        #expect(grant.session == session)
        #expect(grant.ticket == text)
        #expect(
            grant.url == "http://s17-c.push.localhost:8080/events?channel=news&position=1-0.AAAAAA&ticket=\(text)")
    }

    @Test func `a ticket by header is a ticket`() throws {
        let (text, session) = ticket(["news"])
        #expect(try grant("channel=news", bearer: text).session == session)
    }

    @Test func `an expired ticket is renewed for an hour: same session, same hostname, same channels`() throws {
        let (text, session) = ticket(["news"], expiry: 1_000)
        for now: Int64 in [1_000, 4_599] {
            let grant = try grant("channel=news&ticket=\(text)", mayBegin: false, now: now)
            #expect(grant.session == session)
            #expect(grant.label == label)
            #expect(grant.ticket != text)
            let renewed = try keys.verify(grant.ticket, now: now)
            #expect(renewed.expiry == now + 3_600)
            #expect(renewed.channels == [channel("news")])
            #expect(grant.url == "http://s17-c.push.localhost:8080/events?channel=news&ticket=\(grant.ticket)")
        }
        #expect(throws: RequestError.self) { try grant("channel=news&ticket=\(text)", now: 4_600) }
    }

    @Test(arguments: ["", "x", "a.b", String(repeating: "a", count: 9_000), "%00"])
    func `a bad ticket is no ticket, and begins no session`(text: String) {
        #expect(throws: RequestError.ticket(.invalid)) { try grant("channel=news&ticket=\(text)") }
    }

    @Test func `a ticket under another key is bad`() throws {
        let others = try #require(TicketKeys(secrets: [Array(repeating: 8, count: 32)]))
        let forged = others.sign(Ticket(session: .random(), label: label, channels: nil, expiry: .max))
        #expect(throws: RequestError.ticket(.invalid)) { try grant("channel=news&ticket=\(forged)") }
    }

    @Test func `a ticket admits to its channels and no others`() throws {
        let (text, _) = ticket(["news"])
        #expect(throws: RequestError.notAdmitted) { try grant("channel=news&channel=secret&ticket=\(text)") }
        #expect(try grant("ticket=\(text)").label == label)
        let (all, _) = ticket(nil)
        #expect(try grant("channel=anything&ticket=\(all)").label == label)
        #expect(throws: RequestError.noChannel) { try grant("ticket=\(all)") }
    }

    @Test func `two tickets are none`() {
        let (text, _) = ticket(nil)
        #expect(throws: RequestError.severalTickets) { try grant("channel=a&ticket=\(text)&ticket=\(text)") }
    }

    @Test func `bad channels`() {
        #expect(throws: RequestError.noChannel) { try grant("") }
        #expect(throws: RequestError.channel(.empty)) { try grant("channel=") }
        #expect(throws: RequestError.channel(.forbiddenCharacter)) { try grant("channel=a%0d%0aSet-Cookie:x") }
        #expect(throws: RequestError.tooManyChannels(65)) {
            try grant((0..<65).map { "channel=\($0)" }.joined(separator: "&"))
        }
    }

    @Test func `who may not begin a session may go on with one`() throws {
        #expect(throws: RequestError.foreignOrigin) { try grant("channel=news", mayBegin: false) }
        #expect(try grant("channel=news&ticket=\(ticket(nil).text)", mayBegin: false).label == label)
    }
}
