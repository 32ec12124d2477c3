import FoundationEssentials
import HalleyCore

/// What a client asks for on a WebSocket: `{"subscribe":["b","c"],"position":"…"}` or `{"unsubscribe":["b"]}`.
package enum WebSocketRequest: Equatable {
    /// Each channel once, in the order asked; the position is `nil` for a client that begins now.
    case subscribe([Channel], from: Position?)
    case unsubscribe([Channel])

    /// How many channels are named.
    package var count: Int {
        switch self {
        case .subscribe(let channels, _), .unsubscribe(let channels): channels.count
        }
    }

    /// - Throws: ``WebSocketRequestError``. Bounded by the message's length: the text is checked without recursion before a
    ///   decoder that recurses sees it.
    package init(_ text: [UInt8]) throws(WebSocketRequestError) {
        guard JSONText.isValid(text), let members = try? JSONDecoder().decode(Members.self, from: Data(text)) else {
            throw .unknown
        }
        if let names = members.subscribe {
            self = .subscribe(try Self.channels(names, of: "subscribe"), from: try Self.position(members.position))
        } else {
            self = .unsubscribe(try Self.channels(members.unsubscribe ?? [], of: "unsubscribe"))
        }
    }

    private static func channels(
        _ names: [String], of request: String
    ) throws(WebSocketRequestError) -> [Channel] {
        guard (1...SubscriptionRequest.maximumChannels).contains(names.count) else {
            throw .refused("expected 1 to \(SubscriptionRequest.maximumChannels) channels", of: request)
        }
        var channels: [Channel] = []
        for name in names {
            let channel: Channel
            do { channel = try Channel(name) } catch { throw .refused("\(error)", of: request) }
            if !channels.contains(channel) { channels.append(channel) }
        }
        return channels
    }

    private static func position(_ text: String?) throws(WebSocketRequestError) -> Position? {
        guard let text, !text.isEmpty else { return nil }
        do { return try Position(parsing: text) } catch { throw .refused("\(error)", of: "subscribe") }
    }

    /// The two forms and no other: a member that says nothing here is a mistake better heard of.
    private struct Members: Decodable {
        let subscribe: [String]?
        let unsubscribe: [String]?
        let position: String?

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Name.self)
            let names = Set(members.allKeys.map(\.stringValue))
            guard [["subscribe"], ["subscribe", "position"], ["unsubscribe"]].contains(names) else {
                throw WebSocketRequestError.unknown
            }
            subscribe = names.contains("subscribe") ? try members.decode([String].self, forKey: "subscribe") : nil
            unsubscribe = names.contains("unsubscribe") ? try members.decode([String].self, forKey: "unsubscribe") : nil
            position = try members.decodeIfPresent(String.self, forKey: "position")
        }
    }

    private struct Name: CodingKey, ExpressibleByStringLiteral {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringLiteral: String) { stringValue = stringLiteral }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Why a text isn't taken as a request.
package enum WebSocketRequestError: Error, Equatable {
    /// It is none: the connection ends.
    case unknown
    /// It asks for what can't be had, and is answered; the connection goes on.
    case refused(String, of: String)
}
