import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// The forever frame.
@Suite struct IframeTests {
    private let fixture: ServerFixture

    init() throws {
        let app = try #require(Origin("https://app.example"))
        fixture = try ServerFixture(
            rules: SubscriptionRules(
                origins: OriginPolicy(apex: SubscriptionRules.standard.origins.apex, allowed: [app])))
    }

    private func ask(_ origin: String, _ more: String = "") throws -> EmbeddedClient {
        try fixture.ask(get("/events?transport=iframe&channel=news\(origin)\(more)"))
    }

    @Test(arguments: HostilePayloads.all)
    func aMessageIsOneScriptWhateverItCarries(payload: [UInt8]) {
        let text = String(decoding: Iframe.event(delivery(payload, position: somewhere)), as: UTF8.self)
        #expect(text.hasPrefix("<script>m({\"channel\":\"news\","))
        #expect(text.hasSuffix("})</script>\n"))
        #expect(text.matches(of: #/<|\n/#).count == 3)
    }

    @Test func theFrameIsForItsPageAlone() throws {
        let client = try ask("&origin=https://app.example")
        fixture.publish("a")
        let answer = try client.answer
        #expect(answer.status == 200)
        #expect(answer.fields["content-type"] == "text/html; charset=utf-8")
        #expect(
            answer.fields["content-security-policy"]
                == "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors https://app.example")
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.text.hasPrefix("<!doctype html>\n<script>"))
        #expect(answer.text.contains(#"parent.postMessage(x,"https://app.example")"#))
        #expect(!answer.text.contains(#""*""#))
        #expect(answer.text.hasSuffix(#""data":"a"})</script>"# + "\n"))
    }

    @Test func behindThePreludeAllFramesAreTheSame() throws {
        let ours = try ask("&origin=http://push.localhost:8080")
        let theirs = try ask("&origin=https://app.example")
        let before = (try ours.bytes.count, try theirs.bytes.count)
        fixture.publish("a")
        #expect(try ours.bytes.dropFirst(before.0) == theirs.bytes.dropFirst(before.1))
    }

    @Test(arguments: [
        ("", 400), ("&origin=", 400), ("&origin=null", 400), ("&origin=*", 400), ("&origin=https://app.example/", 400),
        ("&origin=https://app.example%22%29;alert(1)//", 400), ("&origin=https://user@app.example", 400),
        ("&origin=https://app.example%0D%0AX:%20y", 400), ("&origin=javascript:alert(1)", 400),
        ("&origin=https://evil.example", 403), ("&origin=https://app.example.evil.com", 403),
        ("&origin=https://evil-app.example", 403), ("&origin=http://app.example", 403),
        ("&origin=https://app.example:8443", 403), ("&origin=http://localhost:3000", 403),
        ("&origin=http://push.localhost", 403),
    ])
    func aPageThatIsNotVerifiedGetsNoFrame(origin: String, status: Int) throws {
        let answer = try ask(origin).answer
        #expect(answer.status == status)
        #expect(answer.fields["content-type"] == "application/json")
        #expect(!answer.text.contains("evil") && !answer.text.contains("alert"))
        #expect(fixture.server.heldRequests == 0)
    }

    @Test func aPageOfTheVeryAddressIsVerified() throws {
        #expect(try ask("&origin=http://s1.push.localhost").answer.status == 200)
        #expect(try ask("&origin=http://s2.push.localhost").answer.status == 403)
    }

    @Test func itEndsAfterAMebibyteUnlessToldOtherwise() throws {
        let standard = try ask("&origin=https://app.example")
        let longer = try ask("&origin=https://app.example", "&bytes=2000000")
        for _ in 0..<17 { fixture.publish(String(repeating: "x", count: 65_536)) }
        #expect(try standard.answer.isWhole)
        #expect(!standard.isOpen)
        #expect(try !longer.answer.isWhole)
        #expect(longer.isOpen)
    }
}
