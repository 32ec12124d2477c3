import HalleyCore
import Testing

struct HostAndPortTests {
    @Test(arguments: ["127.0.0.1:9100", "0.0.0.0:0", "[::1]:9100", "[::]:0", "localhost:80", "worker-1.internal:65535"])
    func `addresses are read and written alike`(text: String) {
        #expect(HostAndPort(text)?.description == text)
    }

    @Test(arguments: [
        "", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:080", "::1:80",
        "[localhost]:80", "a b:80", "a\r\nb:80",
    ])
    func `what is none`(text: String) {
        #expect(HostAndPort(text) == nil)
    }
}
