import HalleyCore

import struct HalleyCore.Channel

/// What a client asks of `GET /events`, read and checked.
///
/// One object that is shared and never copied: thousands of polls may ask for the very same.
public final class SubscriptionRequest: Sendable {
    /// The most channels on one connection.
    public static let maximumChannels = 64

    /// How it wants the events to travel.
    public let transport: Transport
    /// Each once, in the order asked.
    public let channels: [Channel]
    /// Where the client stands; `nil` for one that begins now.
    public let position: Position?
    /// How SSE events are written; the other transports have one way each.
    public let sseStyle: SSE.Style
    /// Whether another request may follow on the connection.
    public let keepsAlive: Bool
    /// Whether the answer may be chunked (HTTP/1.1), or ends with the connection (HTTP/1.0).
    public let isChunked: Bool

    /// - Parameters:
    ///   - keys: what tickets are checked with; `nil` while they aren't known.
    ///   - now: seconds since 1970; only asked for a ticket.
    /// - Throws: ``SubscriptionError`` with the answer to give.
    public init(_ request: HTTPRequest, keys: TicketKeys?, now: @autoclosure () -> Int64) throws(SubscriptionError) {
        guard let query = QueryItems(request.query) else { throw .malformedQuery }
        transport = try Transport(of: request, query: query)
        let ticket = try Self.ticket(of: request, query: query, keys: keys, now: now)
        channels = try Self.channels(of: query, ticket: ticket)
        position = try Self.position(of: request, query: query)
        sseStyle = try SSE.Style(query)
        keepsAlive = request.keepsAlive
        isChunked = request.isHTTP11
        isOfQueryAlone =
            query["transport"] != nil && ticket == nil && !Self.fields.contains { request.count(of: $0) > 0 }
    }

    /// Whether it is what everybody asks who sends this query: no other part of the request, no key and no clock had a say
    /// but what ``asksTheSame(_:)`` compares.
    let isOfQueryAlone: Bool

    /// Whether the other request, which has the same query as this one's, asks for exactly the same.
    func asksTheSame(_ other: HTTPRequest) -> Bool {
        isOfQueryAlone && isChunked == other.isHTTP11 && keepsAlive == other.keepsAlive
            && !Self.fields.contains { other.count(of: $0) > 0 }
    }

    /// What says something besides the query.
    private static let fields = ["last-event-id", "authorization"]

    private static func channels(of query: QueryItems, ticket: Ticket?) throws(SubscriptionError) -> [Channel] {
        let count = query.items.count { $0.name == "channel" }
        guard count <= maximumChannels else { throw .tooManyChannels(count) }
        var channels: [Channel] = []
        for (item, name) in query.items where item == "channel" {
            let channel: Channel
            do { channel = try Channel(name) } catch { throw .channel(error) }
            guard ticket?.admits(channel) ?? true else { throw .notAdmitted }
            if !channels.contains(channel) { channels.append(channel) }
        }
        if channels.isEmpty, let granted = ticket?.channels {
            guard granted.count <= maximumChannels else { throw .tooManyChannels(granted.count) }
            channels = granted
        }
        guard !channels.isEmpty else { throw .noChannel }
        return channels
    }

    /// `Last-Event-ID` wins over `position=`: the query is what the URL was made with, the header what came since.
    private static func position(
        of request: HTTPRequest, query: QueryItems
    ) throws(SubscriptionError) -> Position? {
        guard request.count(of: "last-event-id") <= 1 else { throw .position(.malformed) }
        guard let text = request.field("last-event-id") ?? query["position"], !text.isEmpty else { return nil }
        do { return try Position(parsing: text) } catch { throw .position(error) }
    }

    /// A ticket is optional; one that is there must verify.
    private static func ticket(
        of request: HTTPRequest, query: QueryItems, keys: TicketKeys?, now: () -> Int64
    ) throws(SubscriptionError) -> Ticket? {
        var text = query["ticket"]
        if text == nil, let authorization = request.field("authorization") {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw .ticket(.invalid) }
            text = String(parts[1])
        }
        guard let text else { return nil }
        guard let keys else { throw .keysUnknown }
        do { return try keys.verify(text, now: now()) } catch { throw .ticket(error) }
    }
}

/// Why a request to subscribe is refused. No text echoes what came from the network.
public enum SubscriptionError: Error, Equatable {
    case malformedQuery
    case unknownTransport
    case unknownStyle
    case noChannel
    /// So many were asked for.
    case tooManyChannels(Int)
    case channel(ChannelError)
    case position(PositionError)
    case ticket(TicketError)
    /// The ticket doesn't grant a channel that was asked for.
    case notAdmitted
    /// The worker hasn't got the keys yet that tickets are checked with.
    case keysUnknown

    package var status: HTTPStatus {
        switch self {
        case .ticket: .unauthorized
        case .notAdmitted: .forbidden
        case .keysUnknown: .serviceUnavailable
        default: .badRequest
        }
    }

    package var message: String {
        switch self {
        case .malformedQuery: "the query can't be read; expected name=value&… with whole percent-escapes of UTF-8"
        case .unknownTransport:
            "this transport isn't offered; expected transport= one of "
                + Transport.allCases.map(\.rawValue).joined(separator: ", ")
        case .unknownStyle: "expected format=json or event=message, or neither"
        case .noChannel: "no channel; give at least one: /events?channel=news"
        case .tooManyChannels(let count):
            "\(count) channels; one connection may have \(SubscriptionRequest.maximumChannels)"
        case .channel(let error): "\(error)"
        case .position(let error): "\(error)"
        case .ticket(let error): "\(error)"
        case .notAdmitted: "the ticket doesn't grant every channel asked for"
        case .keysUnknown: "tickets can't be checked yet; try again in a moment"
        }
    }
}
