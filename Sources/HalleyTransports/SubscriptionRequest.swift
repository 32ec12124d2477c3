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
    /// What admitted it, and admits what it asks for later; `nil` where no ticket was given.
    package let ticket: Ticket?
    /// How SSE events are written; the other transports have one way each.
    public let sseStyle: SSE.Style
    /// Whom in the page the answer is for; `nil` where it is for whoever asked.
    package let page: Page?
    /// How long a stream goes on.
    package let limits: StreamLimits
    /// Whether another request may follow on the connection.
    public let keepsAlive: Bool
    /// Whether the answer may be chunked (HTTP/1.1), or ends with the connection (HTTP/1.0).
    public let isChunked: Bool

    /// Whom in a page an answer is for.
    package indirect enum Page: Sendable {
        /// JSONP's function.
        case callback(JSONP.Callback)
        /// The page around a frame, by its verified origin.
        case frame(Origin)
    }

    /// - Parameters:
    ///   - keys: what tickets are checked with; `nil` while they aren't known.
    ///   - rules: what the operator lets clients ask for.
    ///   - now: seconds since 1970; only asked for a ticket.
    /// - Throws: ``SubscriptionError`` with the answer to give.
    public init(
        _ request: HTTPRequest, keys: TicketKeys?, rules: SubscriptionRules = .standard, now: @autoclosure () -> Int64
    ) throws(SubscriptionError) {
        guard let query = QueryItems(request.query) else { throw .malformedQuery }
        transport = try Transport(of: request, query: query)
        page = try Self.page(of: request, query: query, transport: transport, rules: rules)
        ticket = try Self.ticket(of: request, query: query, keys: keys, now: now)
        channels = try Self.channels(of: query, ticket: ticket, mayBeNone: transport == .websocket)
        position = try Self.position(of: request, query: query)
        sseStyle = try SSE.Style(query)
        limits = transport == .websocket ? .none : try StreamLimits(query, transport: transport)
        keepsAlive = request.keepsAlive
        isChunked = request.isHTTP11
        isOfQueryAlone =
            query["transport"] != nil && transport.isPolled && ticket == nil
            && !request.hasField(of: Self.fields)
    }

    /// Whether it is what everybody asks who sends this query: no other part of the request, no key and no clock had a say
    /// but what ``asksTheSame(_:)`` compares.
    package let isOfQueryAlone: Bool

    /// Whether the other request, which has the same query as this one's, asks for exactly the same.
    func asksTheSame(_ other: HTTPRequest) -> Bool {
        isOfQueryAlone && isChunked == other.isHTTP11 && keepsAlive == other.keepsAlive
            && !other.hasField(of: Self.fields)
    }

    /// What says something besides the query.
    private static let fields = HTTPFields.Names("last-event-id", "authorization")

    /// Before anything else is looked at: a page that isn't verified learns nothing more.
    private static func page(
        of request: HTTPRequest, query: QueryItems, transport: Transport, rules: SubscriptionRules
    ) throws(SubscriptionError) -> Page? {
        switch transport {
        case .jsonp:
            guard rules.offersJSONP else { throw .jsonpIsOff }
            guard let callback = query["callback"].flatMap(JSONP.Callback.init) else { throw .callback }
            return .callback(callback)
        case .iframe:
            guard let origin = query["origin"].flatMap({ Origin($0) }) else { throw .origin }
            guard rules.origins.verifies(origin, host: request.field("host")) else { throw .foreignOrigin }
            return .frame(origin)
        case .websocket:
            // What is no browser says none. `null` is no origin.
            guard request.count(of: "origin") > 0 else { return nil }
            guard request.count(of: "origin") == 1, let origin = request.field("origin").flatMap({ Origin($0) }),
                rules.origins.verifies(origin, host: request.field("host"))
            else { throw .foreignOrigin }
            return nil
        case .sse, .stream, .longPoll, .multipart: return nil
        }
    }

    /// - Parameter mayBeNone: whether channels may be asked for later.
    private static func channels(
        of query: QueryItems, ticket: Ticket?, mayBeNone: Bool
    ) throws(SubscriptionError) -> [Channel] {
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
        guard !channels.isEmpty || mayBeNone else { throw .noChannel }
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
    /// JSONP, and the worker doesn't serve it.
    case jsonpIsOff
    /// JSONP's `callback=` is missing, or no name.
    case callback
    /// A frame's `origin=` is missing, or no origin.
    case origin
    /// The page's origin isn't verified.
    case foreignOrigin
    /// What is to be a number, and its bounds.
    case limit(String, ClosedRange<Int>)
    /// A WebSocket, and the request asks for no upgrade to one.
    case upgradeRequired
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
        case .notAdmitted, .foreignOrigin: .forbidden
        case .upgradeRequired: .upgradeRequired
        case .keysUnknown: .serviceUnavailable
        default: .badRequest
        }
    }

    /// What the answer says besides.
    package var fields: [(name: String, value: String)] {
        self == .upgradeRequired ? [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")] : []
    }

    package var message: String {
        switch self {
        case .malformedQuery: "the query can't be read; expected name=value&… with whole percent-escapes of UTF-8"
        case .unknownTransport:
            "this transport isn't offered; expected transport= one of "
                + Transport.allCases.map(\.rawValue).joined(separator: ", ")
        case .jsonpIsOff: "JSONP is switched off here; expected transport= one of the others"
        case .callback:
            "expected callback= a function's name: a letter, _ or $, then at most 63 letters, digits, _, $ and dots"
        case .origin: "expected origin= the page's own, as https://www.example.com"
        case .foreignOrigin: "pages of this origin may not do this; the operator can list it by --allow-origin"
        case .limit(let name, let range): "expected \(name)= \(range.lowerBound) to \(range.upperBound)"
        case .upgradeRequired: "a WebSocket begins with an upgrade (RFC 6455, section 4.1)"
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
