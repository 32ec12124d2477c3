import HalleyCoordinator
import Testing

struct ApexURLTests {
    @Test func `hostnames of shards stand below the apex`() {
        let apex = ApexURL("http://push.localhost:8080/")
        #expect(apex == .standard)
        #expect(apex?.events(label) == "http://s17-c.push.localhost:8080/events")
        #expect(apex?.shardSource == "http://*.push.localhost:8080")
        #expect(ApexURL("https://push.example.com:443")?.events(label) == "https://s17-c.push.example.com/events")
    }

    @Test(arguments: [
        "", "push.localhost", "ftp://push.localhost", "http://", "http:///", "http://push.localhost/halley",
        "http://user@push.localhost", "http://push.localhost:0", "http://push.localhost:99999", "http://[::1]:8080",
        "http://push localhost", "http://push.localhost?x", "http://.push.localhost", "http://push.localhost.",
    ])
    func `what is no apex`(text: String) {
        #expect(ApexURL(text) == nil)
    }
}
