/// How events travel on a held connection. One file each, under the same name here and in the browser's client.
public enum Transport: String, Sendable, CaseIterable {
    case sse
    case stream
    case longPoll = "long-poll"
    case jsonp
    case iframe
    case multipart
    case websocket

    /// What a request asks for: `transport=` if it is there, else what it is asked with, else an event a line.
    ///
    /// - Throws: ``SubscriptionError`` when `transport=` names none of these.
    package init(of request: HTTPRequest, query: QueryItems) throws(SubscriptionError) {
        if let name = query["transport"] {
            guard let transport = Transport(rawValue: name) else { throw .unknownTransport }
            self = transport
        } else if request.mentions("text/event-stream", in: "accept") {
            self = .sse
        } else if request.mentions("websocket", in: "upgrade") {
            // Other upgrades, curl's h2c among them, are offers that may be passed over (RFC 9110, section 7.8).
            self = .websocket
        } else if request.mentions("application/json", in: "accept") {
            self = .longPoll
        } else if query["callback"] != nil {
            self = .jsonp
        } else if request.mentions("multipart/x-mixed-replace", in: "accept") {
            self = .multipart
        } else {
            self = .stream
        }
    }

    /// Whether it takes events one request at a time.
    var isPolled: Bool { self == .longPoll || self == .jsonp }
}
