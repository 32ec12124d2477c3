import HalleyCore
import Testing

@Suite struct IncarnationTests {
    @Test(arguments: [
        (UInt64.min, "0000000000000000"), (1, "0000000000000001"), (0xABCD, "000000000000abcd"),
        (.max, "ffffffffffffffff"),
    ])
    func sixteenDigitsWithLeadingZeros(bits: UInt64, text: String) {
        #expect(Incarnation(bits: bits).description == text)
        #expect(Incarnation(text)?.bits == bits)
    }

    @Test(arguments: [
        "", "0", "000000000000000", "00000000000000000", "000000000000ABCD", "+00000000000abcd", "-00000000000abcd",
        "0x00000000000abc", "00000000 0000000", "000000000000000\n", "０00000000000000",
    ])
    func anythingElseIsNone(text: String) { #expect(Incarnation(text) == nil) }

    @Test func twoStartsDiffer() { #expect(Incarnation.random() != Incarnation.random()) }
}
