import HalleyCore
import HalleyHub
import NIOCore

/// Long polling: the answer waits for the first event, and carries all that are due by then.
///
/// ```
/// {"position":"…","events":[{"channel":"news","position":"…","data":…},…]}
/// ```
/// The next request gives `position=` back. When the time is over without an event, `events` is empty.
package enum LongPoll {
    package static func body(position: Position?, events: [ByteBuffer]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(events.reduce(128) { $0 + $1.readableBytes + 1 })
        output.append(UInt8(ascii: "{"))
        if let position { output.append(contentsOf: "\"position\":\"\(position)\",".utf8) }
        output.append(contentsOf: #""events":["#.utf8)
        for (index, event) in events.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: event.readableBytesView)
        }
        output.append(contentsOf: "]}\n".utf8)
        return output
    }

    /// One event as a member of `events`.
    package static func event(_ delivery: Delivery) -> ByteBuffer {
        var output: [UInt8] = []
        JSONMessage.append(delivery, to: &output)
        return ByteBuffer(bytes: output)
    }

    /// A gap as a member of `events`.
    package static func gap(_ gap: Gap) -> ByteBuffer {
        var output: [UInt8] = []
        JSONMessage.append(gap, to: &output)
        return ByteBuffer(bytes: output)
    }

    /// Where a ``Delivery`` keeps the whole answer that carries it alone, head included.
    package static let keepAliveAnswer = FrameFormat(index: 12)
    package static let closingAnswer = FrameFormat(index: 13)
    /// Where it keeps the event by itself, for answers that carry several.
    package static let sharedEvent = FrameFormat(index: 14)

    /// The answer that carries what is due and nothing else: the same bytes for all polls that are due the same. `nil` when
    /// it says nothing of where the client stands.
    static func answer(_ due: Due, server: String, keepsAlive: Bool) -> ByteBuffer? {
        let format = keepsAlive ? keepAliveAnswer : closingAnswer
        switch due {
        case .event(let delivery) where delivery.position != nil:
            return delivery.frame(format) { answer([$0], server: server, keepsAlive: keepsAlive) }
        case .run(let run) where run.delivery.position != nil:
            return run.bytes(format) { answer($0, server: server, keepsAlive: keepsAlive) }
        default: return nil
        }
    }

    private static func answer(_ deliveries: [Delivery], server: String, keepsAlive: Bool) -> ByteBuffer {
        response(
            position: deliveries.last?.position, events: deliveries.map { $0.frame(sharedEvent, encode: event) }
        ).serialized(server: server, keepsAlive: keepsAlive)
    }

    package static func response(position: Position?, events: [ByteBuffer]) -> HTTPResponse {
        HTTPResponse(
            status: .ok, fields: position.map { [("Halley-Position", "\($0)")] } ?? [],
            body: body(position: position, events: events))
    }
}

/// What a poll's answer carries: events, and gaps at their places between them.
package enum PollWord {
    case event(Delivery)
    case gap(Gap)

    /// As a member of `events`.
    ///
    /// - Parameter isScript: whether it is for a script's call.
    func member(isScript: Bool) -> ByteBuffer {
        switch self {
        case .event(let delivery):
            isScript
                ? delivery.frame(JSONP.sharedEvent, encode: JSONP.event)
                : delivery.frame(LongPoll.sharedEvent, encode: LongPoll.event)
        case .gap(let gap): isScript ? JSONP.gap(gap) : LongPoll.gap(gap)
        }
    }
}
