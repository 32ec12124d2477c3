import HalleyCore
import HalleyHub

/// A streamed answer of NDJSON (https://github.com/ndjson/ndjson-spec): one JSON message a line, for XHR, `fetch`, `curl`.
package enum Stream {
    package static func event(_ delivery: Delivery) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(delivery.payload.count + 160)
        JSONMessage.append(delivery, to: &output)
        output.append(0x0A)
        return output
    }

    package static func gap(_ gap: Gap) -> [UInt8] {
        var output: [UInt8] = []
        JSONMessage.append(gap, to: &output)
        output.append(0x0A)
        return output
    }

    /// `{"position":"…"}`; an empty line while there is no position.
    package static func heartbeat(_ position: Position?) -> [UInt8] {
        Array((position.map { "{\"position\":\"\($0)\"}\n" } ?? "\n").utf8)
    }

    /// What a stream begins with: where the client stands, behind as many empty lines as it asked for.
    package static func prelude(position: Position?, padding: Int) -> [UInt8] {
        [UInt8](repeating: 0x0A, count: padding) + heartbeat(position)
    }
}
