import HalleyCore
import HalleyHub
import NIOCore

/// Server-sent events (WHATWG HTML, section 9.2): what `EventSource` reads.
///
/// ```
/// id: 1795359771922-57.aB3xYz~0123456789abcdef.4711      the position
/// event: news                                            the channel
/// data: {"headline":"…"}                                 the payload, a line of data: for each of its lines
///                                                        an empty line ends the event
/// ```
public enum SSE {
    /// How events are written.
    public struct Style: Sendable, Hashable {
        /// `format=json`: `data:` is the JSON object that the other transports carry.
        public let isJSON: Bool
        /// `event=message`: no `event:` line, for those who use `onmessage`.
        public let isMessage: Bool

        /// A style; both false is the plain one.
        public init(isJSON: Bool, isMessage: Bool) {
            self.isJSON = isJSON
            self.isMessage = isMessage
        }

        package init(_ query: QueryItems) throws(SubscriptionError) {
            guard [nil, "json"].contains(query["format"]), [nil, "message"].contains(query["event"]) else {
                throw .unknownStyle
            }
            self.init(isJSON: query["format"] != nil, isMessage: query["event"] != nil)
        }
    }

    package static func event(_ delivery: Delivery, style: Style) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(delivery.payload.count + 192)
        if let position = delivery.position {
            output.append(contentsOf: "id: ".utf8)
            position.append(to: &output)
            output.append(0x0A)
        }
        if !style.isMessage {
            output.append(contentsOf: "event: ".utf8)
            output.append(contentsOf: delivery.channel.name.utf8)
            output.append(0x0A)
        }
        if style.isJSON || !delivery.payload.isUTF8 {
            output.append(contentsOf: "data: ".utf8)
            JSONMessage.append(delivery, to: &output)
            output.append(0x0A)
        } else {
            appendData(delivery.payload, to: &output)
        }
        output.append(0x0A)
        return output
    }

    /// `~` can't stand in a channel's name, so no event can be taken for this.
    package static func gap(_ gap: Gap) -> [UInt8] {
        var output = Array("id: \(gap.position)\nevent: ~gap\ndata: ".utf8)
        JSONMessage.appendBounds(of: gap, to: &output)
        output.append(contentsOf: "\n\n".utf8)
        return output
    }

    /// Moves the client's position and nothing else: a browser remembers the id and dispatches no event. Who asks for
    /// messages of JSON is given one, for it is all that tells a page a silent stream from a dead one.
    package static func heartbeat(_ position: Position?, style: Style) -> [UInt8] {
        guard style.isJSON, style.isMessage else {
            return Array((position.map { "id: \($0)\n\n" } ?? ":\n\n").utf8)
        }
        let id = position.map { "id: \($0)\n" } ?? ""
        return Array("\(id)data: ".utf8) + JSONMessage.heartbeat(position) + Array("\n\n".utf8)
    }

    /// What a stream begins with: when to come back, and where the client stands.
    ///
    /// - Parameter padding: the length of a comment before it, in bytes.
    package static func prelude(retry: Int, position: Position?, style: Style, padding: Int = 0) -> [UInt8] {
        let comment = padding > 0 ? ":" + String(repeating: " ", count: max(0, padding - 2)) + "\n" : ""
        return Array("\(comment)retry: \(retry)\n".utf8) + heartbeat(position, style: style)
    }

    /// CR, LF and CR LF all end a line for the client's parser, so each begins a new `data:` here: nothing in a payload
    /// can forge a field.
    private static func appendData(_ payload: [UInt8], to output: inout [UInt8]) {
        output.append(contentsOf: "data: ".utf8)
        if payload.isOneLine { output.append(contentsOf: payload) } else { appendLines(payload[...], to: &output) }
        output.append(0x0A)
    }

    private static func appendLines(_ payload: ArraySlice<UInt8>, to output: inout [UInt8]) {
        var rest = payload
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            output.append(contentsOf: rest[..<end])
            output.append(contentsOf: "\ndata: ".utf8)
            let isPair = rest[end] == 0x0D && end + 1 < rest.endIndex && rest[end + 1] == 0x0A
            rest = rest[(end + (isPair ? 2 : 1))...]
        }
        output.append(contentsOf: rest)
    }
}
