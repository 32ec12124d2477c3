import HalleyCore
import HalleyHub
import NIOCore

/// JSONP: a long poll by a script tag, which any page may put in from anywhere. The answer is a script that calls a function
/// of the page with what long polling answers.
///
/// ```
/// /**/callback({"position":"…","events":[{"channel":"news","position":"…","data":…},…]});
/// ```
/// A script tag sees no status and no field, so refusals are calls as well: `/**/callback({"error":"…","status":400});`.
package enum JSONP {
    /// The name of a page's function: `halley._3`. Nothing that could be more than a name, for it is echoed.
    public struct Callback: Hashable, Sendable {
        let name: String

        /// The longest name, in bytes.
        static let maximumLength = 64

        /// `nil` for anything but `^[A-Za-z_$][\w$.]{0,63}$`, letters being those of ASCII.
        package init?(_ name: String) {
            guard name.utf8.count <= Self.maximumLength, let first = name.utf8.first, Self.mayBegin(first),
                name.utf8.allSatisfy({ Self.mayBegin($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
            else { return nil }
            self.name = name
        }

        private static func mayBegin(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "$"):
                true
            default: false
            }
        }
    }

    /// Where a ``Delivery`` keeps the event by itself, escaped.
    package static let sharedEvent = FrameFormat(index: 15)
    /// Where it keeps the arguments of the call that carries it alone.
    package static let sharedArguments = FrameFormat(index: 22)

    package static func event(_ delivery: Delivery) -> ByteBuffer {
        var output: [UInt8] = []
        ScriptMessage.append(delivery, to: &output)
        return ByteBuffer(bytes: output)
    }

    package static func gap(_ gap: Gap) -> ByteBuffer {
        var output: [UInt8] = []
        ScriptMessage.append(gap, to: &output)
        return ByteBuffer(bytes: output)
    }

    /// The arguments that carry what is due and nothing else: the same bytes for all polls that are due the same, whatever
    /// their functions are called. `nil` when it says nothing of where the client stands.
    static func arguments(_ due: Due) -> (position: Position, bytes: ByteBuffer)? {
        switch due {
        case .event(let delivery):
            delivery.position.map { ($0, delivery.frame(sharedArguments) { arguments(of: [$0]) }) }
        case .run(let run):
            run.delivery.position.map { ($0, run.bytes(sharedArguments) { arguments(of: $0) }) }
        case .nothing: nil
        }
    }

    private static func arguments(of deliveries: [Delivery]) -> ByteBuffer {
        arguments(
            position: deliveries.last?.position, events: deliveries.map { $0.frame(sharedEvent, encode: event) })
    }

    /// With the brackets around them.
    package static func arguments(position: Position?, events: [ByteBuffer]) -> ByteBuffer {
        ByteBuffer(
            bytes: Array("(".utf8) + LongPoll.body(position: position, events: events).dropLast() + Array(");\n".utf8))
    }

    /// `/**/` first: what a name could begin, a file of another kind for one, begins no answer.
    package static func response(_ callback: Callback, _ arguments: ByteBuffer, position: Position?) -> HTTPResponse {
        HTTPResponse(
            status: .ok, fields: fields + (position.map { [("Halley-Position", "\($0)")] } ?? []),
            contentType: "text/javascript; charset=utf-8",
            body: Array("/**/\(callback.name)".utf8) + arguments.readableBytesView)
    }

    /// What another transport says by its status.
    package static func refusal(_ callback: Callback, _ status: HTTPStatus, _ message: String) -> HTTPResponse {
        var text = Array(#"{"error":"#.utf8)
        JSONText.appendString(message.utf8, to: &text)
        text.append(contentsOf: #","status":\#(status.rawValue)}"#.utf8)
        var arguments: [UInt8] = Array("(".utf8)
        ScriptMessage.appendEscaped(text, to: &arguments)
        arguments.append(contentsOf: ");\n".utf8)
        return response(callback, ByteBuffer(bytes: arguments), position: nil)
    }

    private static let fields: [(name: String, value: String)] = [
        // Opened as a page it is saved as a file and not shown.
        ("Content-Disposition", "attachment; filename=f.txt"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    ]
}
