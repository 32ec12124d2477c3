import HalleyCore
import HalleyHub

/// An event as the JSON transports carry it, on one line:
/// `{"id":"…","channel":"news","position":"…","data":…}`, `id` only when the event is durable; and the word that events
/// can't be had any more: `{"gap":{"channel":"news","from":"…","to":"…"},"position":"…"}`.
///
/// A payload that is JSON is embedded as it is; other text becomes a JSON string; bytes that aren't UTF-8 become base64
/// (RFC 4648, section 4), and `"encoding":"base64"` says so.
package enum JSONMessage {
    /// - Parameters:
    ///   - positionName: what the position is called.
    ///   - embed: how a payload that is JSON becomes a part of the message.
    package static func append(
        _ delivery: Delivery, positionName: StaticString = "position", to output: inout [UInt8],
        embed: (_ json: [UInt8], _ output: inout [UInt8]) -> Void = JSONText.appendOneLine
    ) {
        // A channel's allowed characters and a position's need no escaping in JSON.
        output.append(UInt8(ascii: "{"))
        if let stamp = delivery.stamp {
            output.append(contentsOf: #""id":""#.utf8)
            stamp.id.append(to: &output)
            output.append(contentsOf: #"","#.utf8)
        }
        output.append(contentsOf: #""channel":""#.utf8)
        output.append(contentsOf: delivery.channel.name.utf8)
        if let position = delivery.position {
            output.append(contentsOf: #"",""#.utf8)
            positionName.withUTF8Buffer { output.append(contentsOf: $0) }
            output.append(contentsOf: #"":""#.utf8)
            position.append(to: &output)
        }
        output.append(UInt8(ascii: "\""))
        let payload = delivery.payload
        if JSONText.isValid(payload) {
            output.append(contentsOf: #","data":"#.utf8)
            embed(payload, &output)
        } else if payload.isUTF8 {
            output.append(contentsOf: #","data":"#.utf8)
            JSONText.appendString(payload, to: &output)
        } else {
            output.append(contentsOf: #","encoding":"base64","data":""#.utf8)
            output.append(contentsOf: Base64.encode(payload))
            output.append(UInt8(ascii: "\""))
        }
        output.append(UInt8(ascii: "}"))
    }

    package static func append(_ gap: Gap, to output: inout [UInt8]) {
        output.append(contentsOf: #"{"gap":"#.utf8)
        appendBounds(of: gap, to: &output)
        output.append(contentsOf: #","position":"\#(gap.position)"}"#.utf8)
    }

    package static func event(_ delivery: Delivery) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(delivery.payload.count + 160)
        append(delivery, to: &output)
        return output
    }

    package static func gap(_ gap: Gap) -> [UInt8] {
        var output: [UInt8] = []
        append(gap, to: &output)
        return output
    }

    /// `{"position":"…"}`; `{}` while there is no position: a sign of life.
    package static func heartbeat(_ position: Position?) -> [UInt8] {
        Array((position.map { "{\"position\":\"\($0)\"}" } ?? "{}").utf8)
    }

    /// `{"channel":"news","from":"…","to":"…"}`
    package static func appendBounds(of gap: Gap, to output: inout [UInt8]) {
        output.append(contentsOf: #"{"channel":"\#(gap.channel)","from":"\#(gap.from)","to":"\#(gap.to)"}"#.utf8)
    }
}
