import Crypto
import FoundationEssentials

/// What the two ends of a WebSocket's opening handshake tell each other (RFC 6455, section 4).
package enum WebSocketKey {
    /// A client's, for `Sec-WebSocket-Key`: 16 random bytes in base64.
    package static func random() -> String {
        Data((0..<16).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    /// The server's answer, for `Sec-WebSocket-Accept`. SHA-1 proves here that the server has understood, and nothing else.
    package static func answer(to key: String) -> String {
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }
}
