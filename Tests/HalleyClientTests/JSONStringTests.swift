import HalleyClient
import HalleyCore
import Testing

@Suite struct JSONStringTests {
    private func unescaped(_ literal: String) throws -> String {
        String(decoding: try JSONString.unescaped(Array(literal.utf8)), as: UTF8.self)
    }

    @Test func escapes() throws {
        #expect(try unescaped(#"a\"b\\c\/d\b\f\n\r\t"#) == "a\"b\\c/d\u{8}\u{C}\n\r\t")
        #expect(try unescaped(#"\u0041\u00e4\u2028\uD83D\uDE00\u0000"#) == "Aä\u{2028}😀\0")
        #expect(try unescaped("ä😀") == "ä😀")
    }

    @Test func halvesOfPairsAreReplaced() throws {
        #expect(try unescaped(#"\ud83d"#) == "\u{FFFD}")
        #expect(try unescaped(#"\ude00x"#) == "\u{FFFD}x")
        #expect(try unescaped(#"\ud83d\ud83d\ude00"#) == "\u{FFFD}😀")
        #expect(try unescaped(#"\ud83d\n"#) == "\u{FFFD}\n")
        #expect(try unescaped(#"\ud83dA"#) == "\u{FFFD}A")
    }

    @Test(arguments: [#"\x"#, #"\"#, #"\u12"#, #"\u12g4"#, #"\u+123"#]) func brokenEscapesAreErrors(literal: String) {
        #expect(throws: AnswerError.self) { try unescaped(literal) }
    }

    @Test func whatIsEscapedComesBack() throws {
        for scalar in (0...0x10FFFF as ClosedRange<UInt32>).lazy.compactMap(UnicodeScalar.init)
        where scalar.value % 97 < 2 || scalar.value < 0x300 {
            let text = "x\(Character(scalar))y"
            var literal: [UInt8] = []
            JSONText.appendString(text.utf8, to: &literal)
            #expect(try JSONString.unescaped(literal.dropFirst().dropLast()) == Array(text.utf8))
        }
    }

    @Test func noNestingCostsStack() throws {
        let deep =
            #"{"data":"# + String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000) + "}"
        let length = try Array(deep.utf8).withUnsafeBytes { try JSONMessage.read($0).data?.count }
        #expect(length == 2_000_000)
        let broken = Array((#"{"data":"# + String(repeating: "[", count: 1_000_000)).utf8)
        #expect(throws: AnswerError.self) { try broken.withUnsafeBytes { _ = try JSONMessage.read($0) } }
    }
}
