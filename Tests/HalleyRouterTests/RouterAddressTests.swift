import HalleyRouter
import Testing

struct RouterAddressTests {
    @Test func `a router is named by a path or by host and port`() throws {
        #expect(try RouterAddress("unix:///run/halley/haproxy.sock") == .unix(path: "/run/halley/haproxy.sock"))
        #expect(try RouterAddress("tcp://router:9999") == .tcp(host: "router", port: 9999))
        #expect(try RouterAddress("tcp://[::1]:9999") == .tcp(host: "::1", port: 9999))
        #expect(try RouterAddress("tcp://[::1]:9999").description == "tcp://[::1]:9999")
    }

    @Test(arguments: [
        "", "router:9999", "http://router", "unix://relative", "unix://", "tcp://router", "tcp://:1", "tcp://r:0",
    ])
    func `anything else is refused with the form that was expected`(text: String) {
        let error = #expect(throws: RouterAddressError.self) { try RouterAddress(text) }
        #expect(error?.description.contains("expected") == true)
    }

    @Test(arguments: ["127.0.0.1:9001", "worker-1:1", "[2001:db8::1]:65535", "host_name.internal:80"])
    func `a worker's address is host and port`(text: String) {
        #expect(ServerAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ":9001", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+1", "10.0.0.1:080000",
        "::1:9001",
        "[10.0.0.1]:9001", "a b:1", "a;add server x:1", "a\nset x:1", "a<<:1", "[::1 ]:1", "wörker:1",
    ])
    func `nothing that could be read as another command is an address`(text: String) {
        #expect(ServerAddress(text) == nil)
    }

    @Test func `addresses are compared as HAProxy spells them`() {
        #expect(ServerAddress("[2001:DB8:0:0::1]:1")?.canonicalIP == "2001:db8::1")
        #expect(ServerAddress("10.0.0.1:1")?.canonicalIP == "10.0.0.1")
        #expect(ServerAddress("worker-1:1")?.canonicalIP == nil)
    }
}
