import HalleyTransports
import Testing

@Suite struct QueryItemsTests {
    private func items(_ query: String) -> [String]? {
        QueryItems(query)?.items.map { "\($0.name)=\($0.value)" }
    }

    @Test(arguments: [
        ("", []), ("a=b", ["a=b"]), ("a=b&c=d", ["a=b", "c=d"]), ("a", ["a="]), ("a=", ["a="]), ("=b", ["=b"]),
        ("a=b=c", ["a=b=c"]), ("&&a=b&", ["a=b"]), ("a=b&a=c", ["a=b", "a=c"]), ("a=%41%2b+%26", ["a=A+ &"]),
        ("%61=1", ["a=1"]), ("a=%C3%A9", ["a=é"]), ("a=%00", ["a=\0"]), ("a=%0D%0A", ["a=\r\n"]),
        ("a=b;c=d", ["a=b;c=d"]),
        ("a=%e2%82%AC", ["a=€"]),
    ])
    func isReadAsFormsAreWritten(query: String, expected: [String]) { #expect(items(query) == expected) }

    @Test(arguments: ["a=%", "a=%4", "a=%4g", "a=%zz", "%=a", "a=%FF", "a=%C3", "a=%ED%A0%80", "a=%C0%AF", "a=%+1"])
    func aBrokenEscapeIsRefused(query: String) { #expect(items(query) == nil) }

    @Test func valuesAreFoundByName() throws {
        let query = try #require(QueryItems("channel=a&x=1&channel=b"))
        #expect(query["channel"] == "a")
        #expect(query["x"] == "1")
        #expect(query["y"] == nil)
        #expect(query.values(of: "channel") == ["a", "b"])
        #expect(query.values(of: "y") == [])
    }

    @Test func tooManyItemsAreRefusedAndNotCut() {
        let query = { (count: Int) in Array(repeating: "a=b", count: count).joined(separator: "&") }
        #expect(items(query(QueryItems.maximum))?.count == QueryItems.maximum)
        #expect(items(query(QueryItems.maximum + 1)) == nil)
    }

    @Test func noneHasNothing() { #expect(QueryItems.none.items.isEmpty) }
}
