import HalleyCoordinator
import Testing

struct CoordinatorSettingsTests {
    @Test(arguments: ["127.0.0.1:9100", "0.0.0.0:0", "[::1]:9100", "[::]:0", "localhost:80"])
    func `addresses to listen on`(text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "a b:80",
    ])
    func `what is none`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func `by default nothing is open to the world`() {
        let settings = CoordinatorSettings(id: "coordinator-1", version: "0.1.0")
        #expect(settings.listen.description == "127.0.0.1:9100")
        #expect(settings.admin.description == "127.0.0.1:9101")
        #expect(!settings.isOpen)
        #expect(settings.allowedOrigins.isEmpty)
    }
}
