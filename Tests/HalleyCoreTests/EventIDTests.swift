import HalleyCore
import Testing

@Suite struct EventIDTests {
    @Test(arguments: [
        ("0-0", EventID.zero),
        ("1795359771922-57", EventID(milliseconds: 1_795_359_771_922, counter: 57)),
        ("18446744073709551615-18446744073709551615", EventID(milliseconds: .max, counter: .max)),
    ])
    func readsWhatItWrites(text: String, id: EventID) {
        #expect(EventID(text) == id)
        #expect(id.description == text)
    }

    @Test(arguments: [
        "", "0", "-", "-1", "1-", "1--2", "1-2-3", "+1-2", "1-+2", "01-2", "1-02", "1-2 ", " 1-2", "1-2\n", "1_0-2",
        "1-18446744073709551616", "18446744073709551616-0", "١-٢", "1-2\0", "1.2", "0x1-2", "1-2\u{301}", "*", "$",
    ])
    func anythingElseIsNone(text: String) { #expect(EventID(text) == nil) }

    @Test func aMegabyteOfDigitsIsNone() { #expect(EventID(String(repeating: "9", count: 1 << 20) + "-0") == nil) }

    @Test func orderIsThatOfNumbersAndNotOfText() throws {
        let ascending = try ["0-0", "0-1", "0-10", "9-99", "10-0", "10-9", "10-10", "100-0"].map {
            try #require(EventID($0))
        }
        for (left, right) in zip(ascending, ascending.dropFirst()) { #expect(left < right) }
        #expect(ascending.reversed().sorted() == ascending)
    }

    @Test func randomIDsSurviveTheirText() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<1_000 {
            let id = EventID(
                milliseconds: random.next() >> (random.next() % 64), counter: random.next() >> (random.next() % 64))
            #expect(EventID(id.description) == id)
        }
    }
}
