/// How events travel on a held connection. One file each, under the same name here and in the browser's client.
public enum Transport: String, Sendable, CaseIterable {
    case sse
    case stream
    case longPoll = "long-poll"

    /// What a request asks for: `transport=` if it is there, else what its `Accept` names, else an event a line.
    ///
    /// - Throws: ``SubscriptionError`` when `transport=` names none of these.
    init(of request: HTTPRequest, query: QueryItems) throws(SubscriptionError) {
        if let name = query["transport"] {
            guard let transport = Transport(rawValue: name) else { throw .unknownTransport }
            self = transport
            return
        }
        guard request.field("upgrade") == nil, query["callback"] == nil else { throw .unknownTransport }
        let accepted = request.values(of: "accept").joined(separator: ",").lowercased()
        if accepted.contains("text/event-stream") {
            self = .sse
        } else if accepted.contains("application/json") {
            self = .longPoll
        } else {
            self = .stream
        }
    }
}
