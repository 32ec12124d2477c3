import HTTPTypes
import HalleyCoordinator
import Testing

struct RouteTests {
    @Test func `the public listener has what clients need, and no more`() throws {
        #expect(try Route(path: "/", method: .get, isOpen: false) == .demo)
        #expect(try Route(path: "/session", method: .post, isOpen: false) == .session)
        #expect(try Route(path: "/events", method: .get, isOpen: false) == .events)
        #expect(try Route(path: "/health/live", method: .head, isOpen: false) == .live)
        #expect(try Route(path: "/halley.js", method: .get, isOpen: false) == .client(.module))
        #expect(try Route(path: "/halley.classic.js", method: .head, isOpen: false) == .client(.script))
        #expect(try Route(path: "/halley.d.ts", method: .get, isOpen: false) == .client(.types))
        for path in ["/publish", "/shards", "/health/ready"] {
            #expect(throws: RequestError.unknownPath) { try Route(path: path, method: .get, isOpen: false) }
        }
    }

    @Test func `the open one has all`() throws {
        #expect(try Route(path: "/publish", method: .post, isOpen: true) == .publish)
        #expect(try Route(path: "/shards", method: .get, isOpen: true) == .shards)
        #expect(try Route(path: "/health/ready", method: .get, isOpen: true) == .ready)
    }

    @Test(arguments: ["", "//", "/Session", "/session/", "/events/x.css", "/..", "/%73ession", "session", "/health"])
    func `nothing else is there`(path: String) {
        #expect(throws: RequestError.unknownPath) { try Route(path: path, method: .get, isOpen: true) }
    }

    @Test func `another method is told which there are`() {
        #expect(throws: RequestError.wrongMethod([.post, .options])) {
            try Route(path: "/session", method: .get, isOpen: false)
        }
        #expect(throws: RequestError.wrongMethod([.get, .head, .options])) {
            try Route(path: "/events", method: .post, isOpen: false)
        }
        #expect(throws: RequestError.wrongMethod([.post])) { try Route(path: "/publish", method: .trace, isOpen: true) }
    }
}
