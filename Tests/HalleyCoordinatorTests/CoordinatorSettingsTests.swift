import HalleyCoordinator
import HalleyCore
import Testing

struct CoordinatorSettingsTests {
    @Test func `by default nothing is open to the world`() {
        let settings = CoordinatorSettings(id: "coordinator-1", version: "0.1.0")
        #expect(settings.listen.description == "127.0.0.1:9100")
        #expect(settings.admin.description == "127.0.0.1:9101")
        #expect(!settings.isOpen)
        #expect(settings.allowedOrigins.isEmpty)
    }
}
