import HalleyCore
import HalleyHub
import NIOCore

import struct HalleyCore.Channel

/// What a WebSocket carries to the client besides events, gaps and heartbeats, each a JSON text message; and events in the
/// form they have while the channels that were asked for later catch up: `own` says where the client stands on those.
enum WebSocketMessage {
    /// `{"subscribed":{"channels":["news"],"resume":"fresh"},"position":"…"}`
    ///
    /// - Parameter isOwn: whether the channels were added later, and have a position of their own until they have joined.
    static func subscribed(_ channels: [Channel], _ resume: Resume, at position: Position?, isOwn: Bool) -> ByteBuffer {
        var text = #"{"subscribed":{"channels":\#(list(channels)),"resume":"\#(resume.rawValue)"}"#
        if let position { text += #","\#(isOwn ? "own" : "position")":"\#(position)""# }
        return frame(text + "}")
    }

    /// `{"joined":["b"],"position":"…"}`: from here on the connection's position speaks for them too.
    static func joined(_ channels: [Channel], at position: Position?) -> ByteBuffer {
        frame(#"{"joined":\#(list(channels))"# + (position.map { #","position":"\#($0)"}"# } ?? "}"))
    }

    /// `{"unsubscribed":["b"]}`
    static func unsubscribed(_ channels: [Channel]) -> ByteBuffer {
        frame(#"{"unsubscribed":\#(list(channels))}"#)
    }

    /// `{"error":"…","of":"subscribe"}`, with `channels` where it was known which ones.
    static func error(_ message: String, of request: String, channels: [Channel] = []) -> ByteBuffer {
        var text = Array(#"{"error":"#.utf8)
        JSONText.appendString(message.utf8, to: &text)
        text.append(contentsOf: #","of":"\#(request)""#.utf8)
        if !channels.isEmpty { text.append(contentsOf: #","channels":\#(list(channels))"#.utf8) }
        text.append(UInt8(ascii: "}"))
        return WebSocketFrame.text(text)
    }

    // MARK: - While catching up

    /// Where a ``Delivery`` keeps this form.
    static let ownFormat = FrameFormat(index: 63)

    static func own(_ delivery: Delivery) -> ByteBuffer {
        delivery.frame(ownFormat) { delivery in
            var text: [UInt8] = []
            text.reserveCapacity(delivery.payload.count + 160)
            JSONMessage.append(delivery, positionName: "own", to: &text)
            return WebSocketFrame.text(text)
        }
    }

    static func own(_ run: Run) -> ByteBuffer {
        run.bytes(ownFormat) { deliveries in
            var bytes = ByteBuffer()
            for delivery in deliveries { bytes.writeImmutableBuffer(own(delivery)) }
            return bytes
        }
    }

    static func own(_ gap: Gap) -> ByteBuffer {
        var text = Array(#"{"gap":"#.utf8)
        JSONMessage.appendBounds(of: gap, to: &text)
        text.append(contentsOf: #","own":"\#(gap.position)"}"#.utf8)
        return WebSocketFrame.text(text)
    }

    /// `{"own":"…","channels":["b"]}`: where the client stands on these.
    static func own(_ position: Position, on channels: [Channel]) -> ByteBuffer {
        frame(#"{"own":"\#(position)","channels":\#(list(channels))}"#)
    }

    private static func frame(_ text: String) -> ByteBuffer { WebSocketFrame.text(Array(text.utf8)) }

    /// A channel's allowed characters need no escaping in JSON.
    private static func list(_ channels: [Channel]) -> String {
        "[" + channels.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }
}
