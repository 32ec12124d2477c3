import HalleyClient
import Testing

@Suite struct ServerURLTests {
    @Test func urlsAreTakenApart() throws {
        let url = try #require(ServerURL("http://s17-c.push.localhost:8080/events?channel=news"))
        #expect(url.address.host == "s17-c.push.localhost" && url.address.port == 8_080)
        #expect(url.target == "/events?channel=news" && url.authority == "s17-c.push.localhost:8080")
        #expect(url.description == "http://s17-c.push.localhost:8080/events?channel=news")
        #expect(!url.isSecure && url.isThisMachine)
        let secure = try #require(ServerURL("HTTPS://push.example.com"))
        #expect(secure.address.port == 443 && secure.target == "/" && secure.isSecure && !secure.isThisMachine)
        #expect(secure.authority == "push.example.com" && secure.serverName == "push.example.com")
        #expect(ServerURL("http://push.example.com")?.address.port == 80)
        #expect(ServerURL("http://push.example.com?x=1")?.target == "/?x=1")
    }

    @Test(arguments: [
        "ftp://push.example.com", "push.example.com", "http://", "http://a b", "http://a:0", "http://a/#b", "",
        "http:/a", "http://user@a/", "http://a:66000", "http://a\r\nHost: b/", "http://ä/", "http://a\\b",
    ]) func whatIsNoURLIsNone(text: String) { #expect(ServerURL(text) == nil) }

    @Test(arguments: ["https://127.0.0.1:9001", "https://[::1]:9001"]) func addressesHaveNoNameToCertify(text: String)
        throws
    {
        #expect(try #require(ServerURL(text)).serverName == nil)
    }

    @Test func itemsAreReplacedAndEscaped() throws {
        let url = try #require(ServerURL("http://a/events?channel=x&position=old&channel=y"))
        #expect(
            url.with([("position", "1-0.abcdef~0.1,2"), ("format", nil)]).target
                == "/events?channel=x&channel=y&position=1-0.abcdef~0.1%2C2")
        #expect(url.with([("position", nil)]).target == "/events?channel=x&channel=y")
        #expect(
            try #require(ServerURL("http://a")).adding("channel", ["a/b#c", "d"]).target
                == "/?channel=a%2Fb%23c&channel=d")
    }

    @Test func resourcesBelow() throws {
        #expect(ServerURL("http://a")?.below("session").target == "/session")
        #expect(ServerURL("http://a/push/")?.below("session").target == "/push/session")
        #expect(ServerURL("http://a/push?x=1")?.below("session").target == "/push/session?x=1")
    }

    @Test func locationsAreFollowed() throws {
        let url = try #require(ServerURL("https://s1.push.example.com/events?a=1"))
        #expect(url.following("//push.example.com/events?b=2")?.description == "https://push.example.com/events?b=2")
        #expect(url.following("/other")?.description == "https://s1.push.example.com/other")
        #expect(url.following("http://b:81/x")?.description == "http://b:81/x")
        #expect(url.following("elsewhere") == nil)
        #expect(url.following("javascript:alert(1)") == nil)
    }
}
