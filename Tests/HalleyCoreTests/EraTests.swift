import HalleyCore
import Testing

@Suite struct EraTests {
    @Test(arguments: ["aB3xYz", "000000", "ZZZZZZ", "zzzzzz"])
    func sixLettersOrDigitsAreAnEra(text: String) { #expect(Era(text)?.description == text) }

    @Test(arguments: [
        "", "aB3xY", "aB3xYz0", "aB3xY ", "aB3-Yz", "aB3.Yz", "aB3~Yz", "aB3xY\n", "aB3xY\0", "äBxYz", "ab３yz",
    ])
    func anythingElseIsNone(text: String) { #expect(Era(text) == nil) }
}
