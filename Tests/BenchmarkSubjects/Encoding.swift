import HalleyCore
import HalleyHub
import HalleyTransports

import struct HalleyCore.Channel

extension Subject {
    /// An event of 128 bytes: it is encoded once per transport, whatever the number of its subscribers.
    static var encodings: [Subject] {
        [
            Subject(name: "encode-sse") {
                SSE.event(event(), style: SSE.Style(isJSON: false, isMessage: false)).count
            },
            Subject(name: "encode-stream") { Stream.event(event()).count },
            Subject(name: "encode-long-poll") { LongPoll.event(event()).readableBytes },
        ]
    }

    private static func event() -> Delivery {
        Delivery(
            channel: news, payload: payload, stamp: nil, position: place, count: 1,
            budget: RingBudget(limit: 1 << 20))
    }

    private static let payload = Array(#"{"headline":"\#(String(repeating: "x", count: 113))"}"#.utf8)
    static let news: Channel = {
        do { return try Channel("news") } catch { preconditionFailure("\(error)") }
    }()
    private static let place: Position = {
        do {
            return try Position(parsing: "1795359771922-57.aB3xYz~0123456789abcdef.4711")
        } catch { preconditionFailure("\(error)") }
    }()
}
