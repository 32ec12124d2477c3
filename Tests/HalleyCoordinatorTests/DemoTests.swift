import HalleyCoordinator
import Testing

struct DemoTests {
    @Test func `the policy lets in what the page needs`() {
        let page = Demo(apex: .standard, isOpen: true, nonce: "abc")
        #expect(
            page.contentSecurityPolicy.hasPrefix("default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'"))
        #expect(
            page.contentSecurityPolicy.contains(
                "connect-src 'self' http://push.localhost:8080 http://*.push.localhost:8080 ws://*.push.localhost:8080;"
            ))
        #expect(!page.contentSecurityPolicy.contains("\n"))
        #expect(page.html.contains("<script type=\"module\" nonce=\"abc\">"))
    }

    @Test func `only the open page publishes`() {
        #expect(Demo(apex: .standard, isOpen: true, nonce: "").html.contains("id=\"publish-send\""))
        #expect(!Demo(apex: .standard, isOpen: false, nonce: "").html.contains("id=\"publish-send\""))
    }

    @Test(arguments: [
        "channels", "connect", "state", "shard", "worker", "events", "publish-channel", "publish-payload",
    ])
    func `the elements that others rely on`(id: String) {
        #expect(Demo(apex: .standard, isOpen: true, nonce: "").html.contains("id=\"\(id)\""))
    }

    @Test func `nothing from elsewhere, nothing as markup`() {
        let html = Demo(apex: .standard, isOpen: true, nonce: "").html
        #expect(!html.contains("innerHTML"))
        #expect(!html.contains("src="))
        #expect(!html.contains("https://"))
    }
}
