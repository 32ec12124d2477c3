import Foundation
import HalleyTransports
import NIOCore
import Testing

/// A client's end of a WebSocket without a socket. It reads as strictly as a client may: frames without a mask, none of them
/// a fragment.
final class EmbeddedWebSocket {
    let client: EmbeddedClient
    private let fixture: ServerFixture

    struct Frame: Equatable {
        let opcode: UInt8
        let payload: [UInt8]
    }

    static func request(_ target: String, _ fields: [String] = []) -> String {
        let all =
            [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + fields
        return "GET \(target) HTTP/1.1\r\nHost: s1.push.localhost\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// - Parameter settles: whether the broker confirms at once.
    init(
        _ fixture: ServerFixture, _ target: String = "/events?channel=news", settles: Bool = true,
        fields: [String] = []
    ) throws {
        self.fixture = fixture
        client = try fixture.connect()
        try client.send(Self.request(target, fields))
        if settles { settle() }
    }

    /// The broker answers all that it was asked.
    func settle() {
        fixture.broker.settle()
        fixture.loop.run()
    }

    func send(_ bytes: [UInt8]) throws {
        try client.channel.writeInbound(ByteBuffer(bytes: bytes))
        fixture.loop.run()
    }

    func send(_ text: String) throws { try send(ClientFrame.text(text)) }

    var head: String {
        get throws {
            let text = String(decoding: try client.bytes.prefix { $0 < 0x80 }, as: UTF8.self)
            return String(text[..<(try #require(text.range(of: "\r\n\r\n")).upperBound)])
        }
    }

    var frames: [Frame] {
        get throws {
            var rest = try client.bytes[...]
            rest = rest.dropFirst(try head.utf8.count)
            var frames: [Frame] = []
            while let first = rest.first {
                try #require(rest.count >= 2 && first & 0xF0 == 0x80 && rest[rest.startIndex + 1] & 0x80 == 0)
                var count = Int(rest[rest.startIndex + 1])
                var head = 2
                if count > 125 {
                    head = count == 126 ? 4 : 10
                    count = rest.dropFirst(2).prefix(head - 2).reduce(0) { $0 << 8 | Int($1) }
                }
                let payload = Array(rest.dropFirst(head).prefix(count))
                try #require(payload.count == count)
                frames.append(Frame(opcode: first & 0x0F, payload: payload))
                rest = rest.dropFirst(head + count)
            }
            return frames
        }
    }

    /// What text messages say.
    var messages: [[String: Any]] {
        get throws {
            try frames.filter { $0.opcode == ClientFrame.text }.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.payload)) as? [String: Any])
            }
        }
    }

    /// Messages in short, in order: `news a`, `own sport b`, `subscribed news fresh`, `joined sport`, `unsubscribed news`,
    /// `gap sport`, `error subscribe`, `heartbeat`, `own`.
    var words: [String] { get throws { try messages.map(Self.word) } }

    private static func word(_ message: [String: Any]) -> String {
        let own = message["own"] == nil ? "" : "own "
        if let subscribed = message["subscribed"] as? [String: Any] {
            return own + "subscribed \(list(subscribed["channels"])) \(subscribed["resume"] ?? "")"
        }
        if let channels = message["joined"] { return "joined \(list(channels))" }
        if let channels = message["unsubscribed"] { return "unsubscribed \(list(channels))" }
        if let gap = message["gap"] as? [String: Any] { return own + "gap \(gap["channel"] ?? "")" }
        if message["error"] != nil { return "error \(message["of"] ?? "")" }
        if let channel = message["channel"] { return own + "\(channel) \(message["data"] ?? "")" }
        return message["own"] == nil ? "heartbeat" : "own"
    }

    private static func list(_ channels: Any?) -> String { (channels as? [String] ?? []).joined(separator: ",") }

    /// The close frame's code; 0 for one without; `nil` when none came.
    var closeCode: UInt16? {
        get throws {
            guard let last = try frames.last, last.opcode == ClientFrame.close else { return nil }
            guard last.payload.count > 1 else { return 0 }
            return UInt16(last.payload[0]) << 8 | UInt16(last.payload[1])
        }
    }
}
