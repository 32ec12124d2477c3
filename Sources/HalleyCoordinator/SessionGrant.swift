import HalleyCore

/// What a client is given: a session, its hostname, and the signed ticket that says so.
package struct SessionGrant: Hashable, Sendable {
    /// The longest URL, in bytes. A request's head has 16 KiB in all, and browsers add fields of their own.
    package static let maximumURLLength = 12_288

    package let session: SessionID
    package let label: ShardLabel
    /// Complete: `new EventSource(url)` works.
    package let url: String
    package let ticket: String
    /// How long the ticket admits, in seconds.
    package let expiresIn: Int

    /// Grants a new session.
    ///
    /// - Parameters:
    ///   - query: the channels and whatever else the events shall be asked for with.
    ///   - channels: what the ticket admits to; `nil` admits to all.
    ///   - now: seconds since 1970.
    package init(
        label: ShardLabel, query: Query, channels: [Channel]?, keys: TicketKeys, apex: ApexURL, now: Int64,
        lifetime: Int
    ) throws(RequestError) {
        let ticket = Ticket(
            session: .random(), label: label, channels: channels, expiry: now + Int64(lifetime))
        try self.init(ticket, text: keys.sign(ticket), query: query, apex: apex, now: now)
    }

    /// Says again what a ticket grants.
    package init(_ ticket: Ticket, text: String, query: Query, apex: ApexURL, now: Int64) throws(RequestError) {
        let url = "\(apex.events(ticket.label))?\(query.replacing("ticket", with: text))"
        guard url.utf8.count <= Self.maximumURLLength, text.utf8.count <= Ticket.maximumLength else {
            throw .channelsTooLong(url.utf8.count)
        }
        session = ticket.session
        label = ticket.label
        self.url = url
        self.ticket = text
        expiresIn = Int(ticket.expiry - now)
    }
}
