import HalleyCore

/// Where a request for `/events` at the apex is sent: to its session's hostname. Decided from the query, the ticket in
/// it, and whose page asks.
package struct EventsRedirect {
    /// For how long after its expiry a ticket is renewed, in seconds: an hour covers a laptop's short sleep.
    package static let renewal: Int64 = 3_600

    package let apex: ApexURL
    package let keys: TicketKeys
    /// Of tickets, in seconds.
    package let lifetime: Int
    /// Seconds since 1970.
    package let now: Int64

    package init(apex: ApexURL, keys: TicketKeys, lifetime: Int, now: Int64) {
        self.apex = apex
        self.keys = keys
        self.lifetime = lifetime
        self.now = now
    }

    /// - Parameters:
    ///   - bearer: the ticket of an `Authorization: Bearer` field.
    ///   - mayBegin: whether a session may be given to whoever asks; a session that goes on is never refused.
    ///   - place: gives a new session its hostname.
    package func grant(
        query: Query, bearer: String?, mayBegin: Bool, place: () -> ShardLabel
    ) throws(RequestError) -> SessionGrant {
        let list = try ChannelList(query.values("channel"))
        let texts = query.values("ticket")
        guard texts.count <= 1 else { throw .severalTickets }
        guard let text = texts.first ?? bearer else {
            guard mayBegin else { throw .foreignOrigin }
            guard !list.channels.isEmpty else { throw .noChannel }
            return try SessionGrant(
                label: place(), query: query, channels: list.channels, keys: keys, apex: apex, now: now,
                lifetime: lifetime)
        }

        var ticket: Ticket
        var current = text
        do throws(TicketError) {
            ticket = try keys.verify(text, now: now)
        } catch {
            guard case .expired(let old) = error, now - old.expiry < Self.renewal else { throw .ticket(error) }
            ticket = old.renewed(until: now + Int64(lifetime))
            current = keys.sign(ticket)
        }
        guard list.channels.allSatisfy({ ticket.admits($0) }) else { throw .notAdmitted }
        guard !list.channels.isEmpty || ticket.channels?.isEmpty == false else { throw .noChannel }
        return try SessionGrant(ticket, text: current, query: query, apex: apex, now: now)
    }
}
