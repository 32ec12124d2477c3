import HalleyCore
import HalleyHub

/// `multipart/x-mixed-replace`, which Netscape brought in 1995 as "server push" (the framing: RFC 2046, section 5.1.1):
/// each message a part that takes the place of the one before.
///
/// ```
/// --halley
/// Content-Type: application/json
///
/// {"channel":"news","position":"…","data":…}
/// --halley
/// ```
/// The boundary that ends a part leaves with it, so no part waits for the next. It can't occur in one: JSON on one line
/// has no line that begins with it.
package enum Multipart {
    package static let contentType = "multipart/x-mixed-replace; boundary=halley"

    /// What stands before the first boundary is no part, and read by nobody.
    package static func prelude(position: Position?, padding: Int) -> [UInt8] {
        let blank = padding > 0 ? String(repeating: " ", count: max(0, padding - 2)) + "\r\n" : ""
        return Array("\(blank)--halley\r\n".utf8) + heartbeat(position)
    }

    package static func event(_ delivery: Delivery) -> [UInt8] {
        part { JSONMessage.append(delivery, to: &$0) }
    }

    package static func gap(_ gap: Gap) -> [UInt8] {
        part { JSONMessage.append(gap, to: &$0) }
    }

    package static func heartbeat(_ position: Position?) -> [UInt8] {
        part { $0.append(contentsOf: JSONMessage.heartbeat(position)) }
    }

    /// An empty part is open by then; this ends it, and all.
    package static let ending = Array("\r\n--halley--\r\n".utf8)

    private static func part(_ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var output = Array("Content-Type: application/json\r\n\r\n".utf8)
        append(&output)
        output.append(contentsOf: "\r\n--halley\r\n".utf8)
        return output
    }
}
