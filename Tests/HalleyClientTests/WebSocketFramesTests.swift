import HalleyClient
import HalleyCore
import Testing

/// A server's frame: its first byte and its payload.
func frame(_ first: UInt8, _ payload: some Collection<UInt8>) -> [UInt8] {
    let length: [UInt8] =
        switch payload.count {
        case 0..<126: [UInt8(payload.count)]
        case 126..<65_536: [126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: [127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
    return [first] + length + payload
}

func frame(_ first: UInt8, _ text: String) -> [UInt8] { frame(first, text.utf8) }

/// RFC 6455, section 5, by a client.
@Suite struct WebSocketFramesTests {
    private func read(_ bytes: [UInt8], by size: Int = .max) throws -> [WebSocketFrames.Frame] {
        var frames = WebSocketFrames()
        var heard: [WebSocketFrames.Frame] = []
        for start in stride(from: 0, to: bytes.count, by: min(size, bytes.count)) {
            try bytes[start..<min(start + min(size, bytes.count), bytes.count)].withUnsafeBytes { piece in
                var rest = piece
                while let frame = try frames.next(&rest) { heard.append(frame) }
            }
        }
        return heard
    }

    @Test(arguments: [1, 2, 3, 1_000, 1_000_000]) func textsOfEveryLength(size: Int) throws {
        let texts = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000].map { String(repeating: "ä", count: $0 / 2) }
        let heard = try read(texts.flatMap { frame(0x81, $0) }, by: size)
        #expect(heard == texts.map { .text(Array($0.utf8)) })
    }

    @Test(arguments: [1, 4, 100]) func fragmentsWithControlFramesBetweenThem(size: Int) throws {
        let euro = Array("€".utf8)
        let bytes =
            frame(0x01, [0x78, euro[0]]) + frame(0x89, "are you there") + frame(0x00, []) + frame(0x8A, "")
            + frame(0x80, [euro[1], euro[2]]) + frame(0x88, [0x03, 0xE9] + Array("bye".utf8)) + frame(0x88, [])
        #expect(
            try read(bytes, by: size) == [
                .ping(Array("are you there".utf8)), .pong, .text(Array("x€".utf8)), .close(code: 1_001, reason: "bye"),
                .close(code: 1_005, reason: ""),
            ])
    }

    @Test(arguments: [
        frame(0xC1, "reserved bit"), frame(0x82, "binary"), frame(0x83, "unknown"), frame(0x80, "goes on with nothing"),
        frame(0x01, "a") + frame(0x81, "within another"), frame(0x09, "fragment of a ping"), [0x81, 0x80, 0, 0, 0, 0],
        frame(0x89, String(repeating: "x", count: 126)), frame(0x81, [0xFF]), frame(0x88, [0x03]),
        [0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0], [0x81, 127, 0, 0, 0, 0, 0, 0x80, 0, 1],
    ]) func whatIsNoFrameIsAnError(bytes: [UInt8]) {
        for size in [1, 1_000] {
            #expect(throws: AnswerError.self) { _ = try read(bytes, by: size) }
        }
    }

    @Test func aPongIsMaskedAndSaysThePingsWords() {
        let words = Array("are you there".utf8)
        let pong = WebSocketFrames.pong(words)
        #expect(pong[0] == 0x8A && pong[1] == 0x80 | 13 && pong.count == 19)
        #expect(pong[6...].enumerated().map { $1 ^ pong[2 + $0 % 4] } == words)
    }

    @Test func theExampleOfTheStandard() {
        #expect(WebSocketKey.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(Set((0..<100).map { _ in WebSocketKey.random() }).count == 100)
    }

    @Test(arguments: ["", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]) func aServerThatDidntUnderstandIsNoWebSocket(proof: String) {
        var answer = Answer(.websocket, key: WebSocketKey.random())
        var words: [Answer.Word] = []
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: \(proof)\r\n\r\n"
        #expect(throws: AnswerError.self) {
            try Array(head.utf8).withUnsafeBytes { try answer.take($0, into: &words) }
        }
        var unasked = Answer(.stream)
        #expect(throws: AnswerError.self) {
            try Array(head.utf8).withUnsafeBytes { try unasked.take($0, into: &words) }
        }
        #expect(words.isEmpty)
    }

    @Test func whatTheServerSays() throws {
        let key = WebSocketKey.random()
        func words(_ frames: [[UInt8]]) throws -> [Answer.Word] {
            var answer = Answer(.websocket, key: key)
            var words: [Answer.Word] = []
            let head = Array(
                "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: \(WebSocketKey.answer(to: key))\r\n\r\n".utf8
            )
            try (head + frames.flatMap { $0 }).withUnsafeBytes { try answer.take($0, into: &words) }
            return words
        }
        let heard = try words([
            frame(0x81, #"{"subscribed":{"channels":["news"],"resume":"gap"},"position":"5-0.aB3xYz"}"#),
            frame(0x89, "x"), frame(0x81, AnswerTests.event), frame(0x81, #"{"unsubscribed":["b"]}"#),
        ])
        guard case .accepted = heard[0], case .open(.gap) = heard[1], case .message(.position("5-0.aB3xYz")) = heard[2],
            case .reply = heard[3], case .message(.event) = heard[4], heard.count == 5
        else {
            Issue.record("\(heard)")
            return
        }
        for end in [
            frame(0x88, [0x03, 0xE9]), frame(0x81, #"{"error":"no","of":"subscribe"}"#), frame(0x81, "no JSON"),
        ] {
            #expect(throws: AnswerError.self) { _ = try words([end]) }
        }
    }
}
