/// The `websocket` transport: a message a text frame. The channels are those of the URL.
package struct WebSocket {
    private var frames = WebSocketFrames()

    /// What the server is asked with besides.
    package static func fields(key: String) -> String {
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n"
            + "Sec-WebSocket-Protocol: halley.v1\r\n"
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer, into words: inout [Answer.Word]) throws {
        var rest = bytes
        while let frame = try frames.next(&rest) {
            switch frame {
            case .text(let text): try text.withUnsafeBytes { try Self.take($0, into: &words) }
            case .ping(let payload): words.append(.reply(WebSocketFrames.pong(payload)))
            case .pong: break
            case .close(let code, let reason):
                throw AnswerError("the server ended the WebSocket: \(code)\(reason.isEmpty ? "" : ", \(reason)")")
            }
        }
    }

    private static func take(_ text: UnsafeRawBufferPointer, into words: inout [Answer.Word]) throws {
        let message = try JSONMessage.read(text)
        if let error = message.error {
            throw AnswerError("the server says: \(String(decoding: error, as: UTF8.self))")
        }
        if let resume = message.resume {
            words.append(.open(HalleyClient.Resume(rawValue: String(decoding: resume, as: UTF8.self))))
        }
        if let message = try HalleyClient.Message(message) { words.append(.message(message)) }
    }
}
