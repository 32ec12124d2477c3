import HalleyCore
import HalleyHub

/// Long polling: the answer waits for the first event, and carries all that are due by then.
///
/// ```
/// {"position":"…","events":[{"channel":"news","position":"…","data":…},…]}
/// ```
/// The next request gives `position=` back. When the time is over without an event, `events` is empty.
enum LongPoll {
    static func body(position: Position?, events: [[UInt8]]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(events.reduce(128) { $0 + $1.count + 1 })
        output.append(UInt8(ascii: "{"))
        if let position { output.append(contentsOf: "\"position\":\"\(position)\",".utf8) }
        output.append(contentsOf: #""events":["#.utf8)
        for (index, event) in events.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: event)
        }
        output.append(contentsOf: "]}\n".utf8)
        return output
    }

    /// One event as a member of `events`.
    static func event(_ delivery: Delivery) -> [UInt8] {
        var output: [UInt8] = []
        JSONMessage.append(delivery, to: &output)
        return output
    }

    /// Where a ``Delivery`` keeps the whole answer that carries it alone, head included.
    static let keepAliveAnswer = FrameFormat(index: 12)
    static let closingAnswer = FrameFormat(index: 13)

    static func response(position: Position?, events: [[UInt8]]) -> HTTPResponse {
        HTTPResponse(
            status: .ok, fields: position.map { [("Halley-Position", "\($0)")] } ?? [],
            body: body(position: position, events: events))
    }
}
