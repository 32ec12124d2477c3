import HalleyCore
import Testing

struct OriginPolicyTests {
    private let policy: OriginPolicy = {
        guard let app = Origin("https://app.example") else { fatalError("a valid origin") }
        return OriginPolicy(apex: Self.apex, allowed: [app])
    }()

    private static let apex = Origin(scheme: "http", host: "push.localhost", port: 8_080)

    @Test func `pages of ours, of a listed site, and what is no page`() {
        #expect(policy.relation(origin: nil, host: "push.localhost:8080") == .direct)
        #expect(policy.relation(origin: "http://push.localhost:8080", host: "push.localhost:8080") == .same)
        #expect(policy.relation(origin: "HTTP://PUSH.LOCALHOST:8080", host: nil) == .same)
        #expect(policy.relation(origin: "https://app.example", host: "push.localhost:8080").isListed)
        #expect(policy.relation(origin: "https://app.example:443", host: nil).isListed)
    }

    @Test(arguments: [
        "null", "", "https://evil.example", "https://app.example.evil.com", "https://evil-app.example",
        "http://app.example", "https://app.example:8443", "https://app.example/", "https://user@app.example",
        "https://app.example, https://app.example", "http://push.localhost", "https://push.localhost:8080",
        "http://s1.push.localhost:8080", "http://push.localhost:8080.evil.com", "file://", "app.example",
    ])
    func `all others are foreign`(origin: String) {
        #expect(policy.relation(origin: origin, host: "push.localhost:8080") == .foreign)
        #expect(!policy.mayPublish(origin: origin, host: "push.localhost:8080", fetchSite: nil))
    }

    @Test func `an open cluster gives sessions to pages of this machine, and lets none of them publish`() {
        let open = OriginPolicy(apex: Self.apex, allowed: [], allowsLocal: true)
        for origin in ["http://localhost:3000", "http://127.0.0.1:9999", "http://app.localhost"] {
            #expect(open.relation(origin: origin, host: "push.localhost:8080").isListed)
            #expect(!open.mayPublish(origin: origin, host: "push.localhost:8080", fetchSite: nil))
        }
        #expect(open.relation(origin: "http://localhost.evil.example", host: nil) == .foreign)
        #expect(open.relation(origin: "null", host: nil) == .foreign)
    }

    @Test func `the administrators' page is ours by the address of this machine only`() {
        #expect(policy.relation(origin: "http://127.0.0.1:9101", host: "127.0.0.1:9101") == .same)
        #expect(policy.relation(origin: "http://localhost:9101", host: "localhost:9101") == .same)
        #expect(policy.relation(origin: "http://127.0.0.1:9102", host: "127.0.0.1:9101") == .foreign)
        // A name that its owner has pointed at 127.0.0.1 is a name of his.
        #expect(policy.relation(origin: "http://evil.example:9101", host: "evil.example:9101") == .foreign)
    }

    @Test func `a frame or a socket is for pages of ours, of a listed site, and of the very address`() throws {
        for (origin, host) in [
            ("http://push.localhost:8080", "s1.push.localhost:8080"), ("https://app.example", "s1.push.localhost:8080"),
            ("http://192.0.2.7:9001", "192.0.2.7:9001"), ("https://worker.example", "WORKER.example"),
        ] {
            #expect(policy.verifies(try #require(Origin(origin)), host: host))
        }
        for (origin, host) in [
            ("https://evil.example", "s1.push.localhost:8080"), ("https://app.example.evil.com", "app.example"),
            ("https://evil-app.example", "app.example"), ("http://app.example", "s1.push.localhost:8080"),
            ("https://app.example:8443", "s1.push.localhost"), ("http://192.0.2.7:9002", "192.0.2.7:9001"),
            ("http://localhost:3000", "localhost:9001"),
            ("https://s1.push.localhost", "s1.push.localhost"), ("https://push.localhost", "push.localhost"),
        ] {
            #expect(!policy.verifies(try #require(Origin(origin)), host: host))
        }
        #expect(!policy.verifies(try #require(Origin("https://evil.example")), host: nil))
    }

    @Test func `only our pages and what is no page may publish`() {
        #expect(policy.mayPublish(origin: nil, host: nil, fetchSite: nil))
        #expect(policy.mayPublish(origin: "http://push.localhost:8080", host: nil, fetchSite: "same-origin"))
        #expect(!policy.mayPublish(origin: "https://app.example", host: nil, fetchSite: nil))
        #expect(!policy.mayPublish(origin: nil, host: nil, fetchSite: "cross-site"))
        #expect(!policy.mayPublish(origin: nil, host: nil, fetchSite: "same-site"))
    }
}

extension OriginPolicy.Relation {
    fileprivate var isListed: Bool { if case .listed = self { true } else { false } }
}
