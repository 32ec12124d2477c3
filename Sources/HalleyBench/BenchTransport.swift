import HalleyClient

extension BenchSettings {
    /// How connections are held: Halley's transports, by their names.
    package enum Transport: String, Sendable, CaseIterable {
        case sse, stream
        case longPoll = "long-poll"
        case jsonp, iframe, multipart, websocket

        /// What an answer with events is, and what is asked for with `Accept`. A WebSocket's is no document.
        var contentType: String {
            switch self {
            case .sse: "text/event-stream"
            case .stream: "application/x-ndjson"
            case .longPoll: "application/json"
            case .jsonp: "text/javascript"
            case .iframe: "text/html"
            case .multipart: "multipart/x-mixed-replace"
            case .websocket: "*/*"
            }
        }

        /// The status of an answer with events.
        var acceptance: Int { self == .websocket ? 101 : 200 }

        /// Whether an answer is whole before it is read.
        var isPolled: Bool { self == .longPoll || self == .jsonp }

        /// Whether the next answer is asked for as soon as one is over. A frame's is each megabyte, for its document only
        /// grows.
        var isRepeated: Bool { isPolled || self == .iframe }
    }
}

/// What a connection asks for, as the bytes of its request.
package struct EventsRequest {
    /// The function that JSONP's answers call.
    package static let callback = "b"

    package let transport: BenchSettings.Transport
    /// As the session came with it.
    package let url: ServerURL
    /// Whose page a frame is in: the apex', which every worker verifies.
    package let apex: ServerURL

    package init(_ transport: BenchSettings.Transport, url: ServerURL, apex: ServerURL) {
        self.transport = transport
        self.url = url
        self.apex = apex
    }

    /// - Parameters:
    ///   - position: empty for who begins.
    ///   - key: what a WebSocket is asked for with.
    package func text(position: String, key: String?) -> String {
        var items: [(name: String, value: String?)] =
            switch transport {
            case .jsonp: [("transport", "jsonp"), ("callback", Self.callback)]
            case .iframe: [("transport", "iframe"), ("origin", "\(apex)")]
            case .sse, .stream, .longPoll, .multipart, .websocket: []
            }
        var fields = "Host: \(url.authority)\r\nAccept: \(transport.contentType)\r\nUser-Agent: halley-bench\r\n"
        if let key { fields += WebSocket.fields(key: key) }
        if !position.isEmpty {
            // As an `EventSource` would.
            if transport == .sse {
                fields += "Last-Event-ID: \(position)\r\n"
            } else {
                items.append(("position", position))
            }
        }
        return "GET \(url.with(items).target) HTTP/1.1\r\n\(fields)\r\n"
    }
}
