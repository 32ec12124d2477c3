import HalleyTransports
import Testing

@Suite struct ApexRedirectTests {
    private func location(host: String?) -> String? {
        ApexRedirect.location(
            of: HTTPRequest(
                method: "GET", path: "/events", query: "channel=a&ticket=t", isHTTP11: true,
                fields: host.map { [(name: "host", value: $0)] } ?? []))
    }

    @Test(arguments: [
        ("s17-c.push.localhost:8080", "//push.localhost:8080/events?channel=a&ticket=t"),
        ("s0.push.example.com", "//push.example.com/events?channel=a&ticket=t"),
        ("S17-C.Push.Example.Com", "//push.example.com/events?channel=a&ticket=t"),
    ])
    func goesToTheHostWithoutTheShard(host: String, expected: String) { #expect(location(host: host) == expected) }

    @Test(arguments: [
        nil, "", "push.localhost", "localhost", "127.0.0.1:9001", "s64.push.localhost", "s1", "s1.", "s1.a b", "s1.a/b",
        "s1.a\\b", "s1.a@b", "s1.a?b", "s1.a#b", "s1.é", "x@s1.push.localhost", "s1-cc.push.localhost",
        ".push.localhost",
    ])
    func goesNowhereFromAnyOtherHost(host: String?) { #expect(location(host: host) == nil) }
}
