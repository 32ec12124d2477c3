import HalleyTransports
import NIOCore
import Testing

/// RFC 6455, section 4.2: what a server makes of an opening handshake.
@Suite struct WebSocketHandshakeTests {
    private static let good: [(name: String, value: String)] = [
        ("host", "s1.push.localhost"), ("upgrade", "websocket"), ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13"),
    ]

    private func accept(
        _ changes: (name: String, value: String?)..., method: String = "GET", isHTTP11: Bool = true
    ) throws(HandshakeRefusal) -> String {
        var fields = Self.good
        for change in changes {
            fields.removeAll { $0.name == change.name }
            if let value = change.value {
                for part in value.split(separator: "|", omittingEmptySubsequences: false) {
                    fields.append((change.name, String(part)))
                }
            }
        }
        let request = HTTPRequest(method: method, path: "/events", query: "", isHTTP11: isHTTP11, fields: fields)
        return String(buffer: try WebSocketHandshake.accept(request, server: "worker-1"))
    }

    @Test func section4_2_2_theAnswer() throws {
        let head = try accept()
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(head.contains("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"))
        #expect(head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "the RFC's own example")
        #expect(head.contains("\r\nHalley-Worker: worker-1\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        #expect(!head.contains("Protocol:"))
        #expect(!head.contains("Extensions"), "none is spoken, offered or not")
    }

    @Test func section4_2_2_theSubprotocolIsTheOneThatIsSpoken() throws {
        #expect(
            try accept(("sec-websocket-protocol", "halley.v1")).contains("\r\nSec-WebSocket-Protocol: halley.v1\r\n"))
        #expect(try accept(("sec-websocket-protocol", "chat, halley.v1")).contains(": halley.v1\r\n"))
        #expect(try accept(("sec-websocket-protocol", "chat|halley.v1")).contains(": halley.v1\r\n"))
        for other in ["chat", "halley.v2", "Halley.V1", "halley.v1x", ""] {
            #expect(!(try accept(("sec-websocket-protocol", other)).contains("Sec-WebSocket-Protocol")), "\(other)")
        }
    }

    @Test func section4_1_namesInAnyCase() throws {
        _ = try accept(("upgrade", "WebSocket"), ("connection", "keep-alive, UPGRADE"))
        _ = try accept(("upgrade", "foo|websocket"), ("connection", "keep-alive|Upgrade"))
    }

    @Test(arguments: [nil, "12", "14", "8", "013", "13, 12", "13|13", "13|8", "", "thirteen"])
    func section4_2_2_anotherVersion(version: String?) throws {
        let refusal = #expect(throws: HandshakeRefusal.upgradeRequired) {
            try accept(("sec-websocket-version", version))
        }
        let response = try #require(refusal).response
        #expect(response.status.rawValue == 426)
        #expect(response.fields.contains { $0.name == "Sec-WebSocket-Version" && $0.value == "13" })
        #expect(response.fields.contains { $0.name == "Upgrade" && $0.value == "websocket" })
    }

    @Test(arguments: [nil, "h2c", "websockets", "web socket", ""])
    func section4_2_1_noUpgrade(upgrade: String?) {
        #expect(throws: HandshakeRefusal.upgradeRequired) { try accept(("upgrade", upgrade)) }
    }

    @Test(arguments: [
        nil, "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZTEyMw==", "dGhlIHNhbXBsZSBub25j ZQ==", "!GhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==|dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
    ])
    func section4_2_1_aKeyThatIsNone(key: String?) {
        let refusal = #expect(throws: HandshakeRefusal.self) { try accept(("sec-websocket-key", key)) }
        #expect(refusal?.response.status.rawValue == 400)
    }

    @Test func section4_2_1_onlyGETOverHTTP11() {
        for method in ["POST", "HEAD", "get", "CONNECT"] {
            #expect(throws: HandshakeRefusal.self) { try accept(method: method) }
        }
        #expect(throws: HandshakeRefusal.self) { try accept(isHTTP11: false) }
    }

    @Test(arguments: [nil, "close", "keep-alive", "upgraded", "not upgrade"])
    func section4_2_1_connectionMustSayUpgrade(connection: String?) {
        #expect(throws: HandshakeRefusal.self) { try accept(("connection", connection)) }
    }
}
