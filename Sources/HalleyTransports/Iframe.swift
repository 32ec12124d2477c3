import HalleyCore
import HalleyHub

/// The forever frame: a page in a hidden frame that never stops loading, each message a script in it that hands the message
/// to the page around it by `postMessage` (WHATWG HTML, section 9.3).
///
/// ```
/// <script>m({"channel":"news","position":"…","data":…})</script>
/// ```
/// Only the prelude knows for which page: the browser hands the messages to a page of that origin alone, and shows the
/// frame in no other's. What follows is the same for all.
package enum Iframe {
    /// What a frame's answer says besides what all say.
    package static func fields(for origin: Origin) -> String {
        "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; frame-ancestors \(origin)\r\n"
    }

    /// The frame's document grows with each message, and nothing but its end gives the memory back: 1 MiB, unless
    /// `bytes=` says otherwise.
    package static let standardBytes: UInt32 = 1 << 20

    /// Its own script and each message's are taken out of the document once they have run.
    ///
    /// - Parameter origin: whose characters need no escaping in a script.
    package static func prelude(for origin: Origin, position: Position?, padding: Int) -> [UInt8] {
        let script = """
            <!doctype html>
            \(String(repeating: " ", count: padding))<script>
            function d(){var s=document.getElementsByTagName("script");s=s[s.length-1];s.parentNode.removeChild(s)}
            function m(x){parent.postMessage(x,"\(origin)");d()}
            d()</script>

            """
        return Array(script.utf8) + heartbeat(position)
    }

    package static func event(_ delivery: Delivery) -> [UInt8] {
        script { ScriptMessage.append(delivery, to: &$0) }
    }

    package static func gap(_ gap: Gap) -> [UInt8] {
        script { ScriptMessage.append(gap, to: &$0) }
    }

    package static func heartbeat(_ position: Position?) -> [UInt8] {
        script { $0.append(contentsOf: JSONMessage.heartbeat(position)) }
    }

    private static func script(_ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var output = Array("<script>m(".utf8)
        append(&output)
        output.append(contentsOf: ")</script>\n".utf8)
        return output
    }
}
