import HalleyCore
import Testing

@Suite struct SessionIDTests {
    @Test func aThousandDrawsAreAThousandSessions() {
        let drawn = (0..<1_000).map { _ in SessionID.random() }
        #expect(Set(drawn).count == drawn.count)
        #expect(drawn.allSatisfy { SessionID($0.description) == $0 })
    }

    @Test func everyBitIsDrawn() throws {
        var ever: UInt64 = 0
        var always: UInt64 = .max
        for _ in 0..<200 {
            let text = SessionID.random().description
            let low = try #require(UInt64(text.suffix(16), radix: 16))
            let high = try #require(UInt64(text.prefix(16), radix: 16))
            ever |= low & high
            always &= low | high
        }
        #expect(ever == .max)
        #expect(always == 0)
    }

    @Test(arguments: [
        "", "0", String(repeating: "a", count: 31), String(repeating: "a", count: 33),
        String(repeating: "A", count: 32),
        String(repeating: "g", count: 32), String(repeating: "a", count: 31) + "\n",
        String(repeating: "../", count: 10) + "..",
        String(repeating: "a", count: 31) + " ", String(repeating: "ä", count: 16),
    ])
    func anythingElseIsNone(text: String) { #expect(SessionID(text) == nil) }
}
