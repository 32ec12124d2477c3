import FoundationEssentials
import HalleyCore
import NIOCore

/// The opening handshake (RFC 6455, section 4.2): a request becomes the head of a 101, or a plain HTTP refusal.
///
/// Whose pages may open one is no part of it: see ``SubscriptionRequest``. What lacks a part is refused and never taken for something else: a router in front may believe that a tunnel has begun,
/// so the connection of a refused one ends with the answer.
package enum WebSocketHandshake {
    /// What this server speaks over a WebSocket; echoed to those who offer it.
    package static let subprotocol = "halley.v1"

    /// The head of the answer that begins the WebSocket.
    ///
    /// - Throws: ``HandshakeRefusal`` with the answer to give.
    package static func accept(
        _ request: HTTPRequest, server: String
    ) throws(HandshakeRefusal) -> ByteBuffer {
        guard request.method == "GET", request.isHTTP11 else {
            throw .malformed("a WebSocket begins with GET over HTTP/1.1")
        }
        guard hasToken("websocket", request, "upgrade") else { throw .upgradeRequired }
        guard hasToken("upgrade", request, "connection") else {
            throw .malformed("a WebSocket's request says Connection: Upgrade")
        }
        guard request.values(of: "sec-websocket-version") == ["13"] else { throw .upgradeRequired }
        let keys = request.values(of: "sec-websocket-key")
        guard keys.count == 1, isKey(keys[0]) else {
            throw .malformed("a WebSocket's request has one Sec-WebSocket-Key: 16 bytes in base64")
        }
        var head = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(WebSocketKey.answer(to: keys[0]))\r
            Halley-Worker: \(server)\r

            """
        if hasToken(subprotocol, request, "sec-websocket-protocol", inAnyCase: false) {
            head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n"
        }
        return ByteBuffer(string: head + "\r\n")
    }

    /// Section 4.2.1, item 5: 16 bytes, in the one form that base64 has for them.
    private static func isKey(_ text: String) -> Bool {
        guard text.utf8.count == 24, let bytes = Data(base64Encoded: text) else { return false }
        return bytes.count == 16 && bytes.base64EncodedString() == text
    }

    /// Whether a field that is a list by commas (RFC 9110, section 5.6.1) has the word. In lower case, unless case counts.
    private static func hasToken(
        _ word: String, _ request: HTTPRequest, _ name: String, inAnyCase: Bool = true
    ) -> Bool {
        request.values(of: name).contains { value in
            value.split(separator: ",").contains { part in
                let token = part.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
                return (inAnyCase ? token.lowercased() : String(token)) == word
            }
        }
    }
}

/// Why no WebSocket begins.
package enum HandshakeRefusal: Error, Equatable {
    /// What was wrong and what was expected; never echoes what came.
    case malformed(String)
    /// A WebSocket of version 13 was expected (section 4.2.2; RFC 9110, section 15.5.22).
    case upgradeRequired

    package var response: HTTPResponse {
        switch self {
        case .malformed(let what): .error(.badRequest, what)
        case .upgradeRequired:
            .error(
                .upgradeRequired, "this is for a WebSocket of version 13",
                fields: [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")])
        }
    }
}
