import HalleyCore
import Testing

@Suite struct TicketTests {
    let news: Channel
    let sport: Channel
    let label: ShardLabel

    init() throws {
        news = try Channel("news")
        sport = try Channel("sport")
        label = try #require(ShardLabel("s17-c"))
    }

    @Test func admitsToItsChannelsAlone() throws {
        let ticket = Ticket(session: .random(), label: label, channels: [news], expiry: 1)
        #expect(ticket.admits(news))
        #expect(!ticket.admits(sport))
        #expect(try !ticket.admits(Channel("news.x")))
        #expect(try !ticket.admits(Channel("New")))
    }

    @Test func noListAdmitsToAll() {
        #expect(Ticket(session: .random(), label: label, channels: nil, expiry: 1).admits(news))
    }

    @Test func anEmptyListAdmitsToNone() {
        #expect(!Ticket(session: .random(), label: label, channels: [], expiry: 1).admits(news))
    }

    @Test func channelsAreASet() {
        let one = Ticket(session: SessionID.random(), label: label, channels: [sport, news, sport], expiry: 1)
        #expect(one.channels == [news, sport])
        #expect(one == Ticket(session: one.session, label: label, channels: [news, sport], expiry: 1))
    }

    @Test func renewalChangesTheExpiryAlone() {
        let ticket = Ticket(session: .random(), label: label, channels: [news], expiry: 1)
        let renewed = ticket.renewed(until: 99)
        #expect(renewed == Ticket(session: ticket.session, label: label, channels: [news], expiry: 99))
    }

    @Test func noRefusalHoldsTheTicket() {
        let ticket = Ticket(session: .random(), label: label, channels: [news], expiry: 1)
        for refusal in [TicketError.invalid, .expired(ticket)] {
            #expect(!refusal.description.contains(ticket.session.description))
            #expect(!refusal.description.contains("s17"))
        }
    }
}
