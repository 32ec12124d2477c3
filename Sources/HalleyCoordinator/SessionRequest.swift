import HalleyCore

/// What `POST /session` asks for, by body and query together.
package struct SessionRequest {
    package let channels: ChannelList
    private let query: Query

    /// Other items of the query are kept for the events' URL: `POST /session?channel=news&format=json`.
    package init(body: SessionBody, query: Query) throws(RequestError) {
        channels = try ChannelList(body.names + query.values("channel"))
        let others = query.items.filter { $0.name != "channel" }.map(\.text)
        self.query = try Query(
            (channels.channels.map { "channel=\(Query.encode($0.name))" } + others).joined(separator: "&"))
    }

    /// Without channels the ticket admits to all, for clients that choose when they connect.
    package func grant(
        label: ShardLabel, keys: TicketKeys, apex: ApexURL, now: Int64, lifetime: Int
    ) throws(RequestError) -> SessionGrant {
        try SessionGrant(
            label: label, query: query, channels: channels.channels.isEmpty ? nil : channels.channels, keys: keys,
            apex: apex, now: now, lifetime: lifetime)
    }
}
