import HalleyCoordinator
import Testing

struct QueryTests {
    @Test func `items are decoded as forms encode them, and kept as they came`() throws {
        let query = try Query("channel=a%2Fb&channel=c+d&%63hannel=e&x&y=&=z&&q=1=2")
        #expect(query.values("channel") == ["a/b", "c d", "e"])
        #expect(query.values("x") == [""])
        #expect(query.values("q") == ["1=2"])
        #expect(query.replacing("channel", with: "f#g") == "x&y=&=z&q=1=2&channel=f%23g")
    }

    @Test func `only the named item is replaced`() throws {
        let query = try Query("channel=a&ticket=old&format=json&ticket=older")
        #expect(query.replacing("ticket", with: "new") == "channel=a&format=json&ticket=new")
    }

    @Test func `what escapes may not hide`() throws {
        #expect(try Query("c=%0d%0a%00%2A").values("c") == ["\r\n\0*"])
        #expect(Query.encode("a b&c=d%é\r\n") == "a%20b%26c%3Dd%25%C3%A9%0D%0A")
        #expect(Query.encode("az-AZ_09.~") == "az-AZ_09.~")
    }

    @Test(arguments: ["a=%", "a=%2", "a=%zz", "a=%ff", "%c3=a", "a=b c", "a=\r\nX: y", "a=é", "a=\u{0}", "a=\u{7F}"])
    func `what can't be read is refused`(text: String) {
        #expect(throws: RequestError.malformedQuery) { try Query(text) }
    }

    @Test func `as many items as allowed, and one more`() throws {
        let most = Array(repeating: "a", count: Query.maximumItems).joined(separator: "&")
        #expect(try Query(most).items.count == 128)
        #expect(throws: RequestError.malformedQuery) { try Query(most + "&a") }
    }
}
