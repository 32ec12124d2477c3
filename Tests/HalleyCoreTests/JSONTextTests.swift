import HalleyCore
import Testing

@Suite struct JSONStringTests {
    private func string(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        JSONText.appendString(Array(bytes), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), (#"say "hi""#, #""say \"hi\"""#), (#"a\b"#, #""a\\b""#),
        ("a/b", #""a/b""#),
        ("a\nb\r\nc\td", #""a\nb\r\nc\td""#), ("\0", #""\u0000""#), ("\u{1F}\u{1B}", #""\u001f\u001b""#),
        ("\u{8}\u{C}", #""\u0008\u000c""#), ("\u{7F}", "\"\u{7F}\""), ("grüße 🍪", #""grüße 🍪""#),
        ("\u{2028}\u{2029}", "\"\u{2028}\u{2029}\""), ("\u{FEFF}bom", "\"\u{FEFF}bom\""),
    ])
    func everyEscape(text: String, literal: String) { #expect(string(text.utf8) == literal) }

    @Test func appendsToWhatIsThere() {
        var output = Array("x:".utf8)
        JSONText.appendString("y".utf8, to: &output)
        #expect(output == Array(#"x:"y""#.utf8))
    }

    @Test func anyTextBecomesOneValidLine() {
        var random = SeededGenerator(seed: 10)
        for _ in 0..<2_000 {
            let scalars = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                UnicodeScalar(UInt32(random.next() >> (64 - [7, 7, 8, 16, 21][Int.random(in: 0..<5, using: &random)])))
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            let literal = string(text.utf8)
            #expect(JSONText.isValid(Array(literal.utf8)), "\(literal)")
            #expect(!literal.utf8.contains { $0 < 0x20 })
        }
    }
}

@Suite struct JSONOneLineTests {
    @Test func lineEndsBetweenTokensBecomeSpaces() {
        var output = Array("data: ".utf8)
        JSONText.appendOneLine(Array("{\r\n\"a\":\r1,\n\"b\":\t\"\\n\"}".utf8), to: &output)
        #expect(output == Array("data: {  \"a\": 1, \"b\":\t\"\\n\"}".utf8))
    }
}

/// The cases follow the classes of https://github.com/nst/JSONTestSuite: what every parser must take (y), must refuse
/// (n), and what is the parser's own choice (i), where Halley's choice stands here.
@Suite struct JSONValidatorTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "-0.0", "1e1", "1E1", "1e+1", "1e-1", "1.5e10",
        "0e0",
        "0.0e-00", #""""#, #""a""#, "[]", "{}", "[[]]", "[{}]", "[1]", "[1,2]", "[null,true,false,0]", #"{"a":1}"#,
        #"{"":0}"#,
        #"{"a":1,"b":[2]}"#, #"{"a":{"b":{"c":[]}}}"#, #"[{},[],"x"]"#, " 1 ", "\t[\r\n]\n", "[ 1 , 2 ]",
        #"{ "a" : 1 }"#,
        #"{ }"#, "[ ]", #""\"\\\/\b\f\n\r\t""#, #""A\uABCD\uabcd""#, #""🍪""#, "\"\u{7F}\"", "\"\u{80}ü€🍪\"",
        "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"", "\"'\"", #""\\u000a""#, #""/*""#, "\"\u{10FFFF}\"",
    ])
    func mustBeTaken(json: String) { #expect(JSONText.isValid(Array(json.utf8))) }

    @Test(arguments: [
        "", " ", "\n", "nul", "nulls", "Null", "TRUE", "tru", "truefalse", "undefined", "NaN", "Infinity", "-Infinity",
        "-",
        "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e1.5", "1ee1", "0x10", "1_000", "1 000", "１",
        "1a",
        "--1", "- 1", "0.", "9.e+", "[", "]", "{", "}", "[]]", "[[]", "{}}", "[1", "[1,", "[1,]", "[,1]", "[,]",
        "[1,,2]", "[1 2]",
        "[1:2]", "[1;2]", "[}", "{]", "[1}", #"{"a":1]"#, "{1:2}", "{null:1}", "{a:1}", "{'a':1}", #"{"a"}"#,
        #"{"a":}"#,
        #"{"a" 1}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1,,"b":2}"#, #"{"a":1 "b":2}"#, #"{"a"::1}"#, #"{"a":1"#,
        #"{"a""#, "{,}",
        #"{"a":1}x"#, "1 2", "1,2", "[] []", #""""""#, "\"", "\"a", "\"\\", "\"\\\"", #""\u""#, #""\u0""#, #""\u00""#,
        #""\u000""#, #""\u000g""#, #""\u00 0""#, #""\U0041""#, #""\x41""#, #""\a""#, #""\'""#, #""\0""#, #""\u００００""#,
        "\"\n\"", "\"\r\"", "\"\t\"", "\"\0\"", "\"\u{1F}\"", "'a'", "\u{FEFF}1", "\u{FEFF}", "\u{A0}1", "\u{2060}1",
        "1\u{C}",
        "\u{B}1", "1\0", "\0", "/**/1", "1//x", "#1", "<a>", "*", "\\", "\\u0031", "[\"\\\"]", "[1]#", "é", "🍪",
    ])
    func mustBeRefused(json: String) { #expect(!JSONText.isValid(Array(json.utf8))) }

    @Test(arguments: [
        "1e999999999", "-1e-999999999", "123456789012345678901234567890", #""\uD800""#, #""\uDC00\uD800""#,
        #""\u0000""#,
        #"{"a":1,"a":2}"#,
    ])
    func halleysChoiceIsToTake(json: String) { #expect(JSONText.isValid(Array(json.utf8))) }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22], [0xFF], [0xEF, 0xBB, 0xBF, 0x31], [0xFE, 0xFF, 0x00, 0x31],
            [0x31, 0x00], [0x22, 0xF0, 0x80, 0x80, 0xAF, 0x22],
        ] as [[UInt8]])
    func bytesThatAreNoTextAreRefused(bytes: [UInt8]) { #expect(!JSONText.isValid(bytes)) }

    @Test func depthHasABound() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + String(repeating: close, count: depth)).utf8)
        }
        #expect(JSONText.isValid(nested(JSONText.maximumDepth, "[", "]")))
        #expect(!JSONText.isValid(nested(JSONText.maximumDepth + 1, "[", "]")))
        #expect(!JSONText.isValid(nested(1_000_000, "[", "]")))
        #expect(!JSONText.isValid([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)))
        #expect(!JSONText.isValid(Array(String(repeating: #"{"a":"#, count: 1_000_000).utf8)))
    }

    @Test func widthHasNone() {
        let wide = Array(("[" + String(repeating: "[],", count: 100_000) + "1]").utf8)
        #expect(JSONText.isValid(wide))
        let keys = "{" + (0..<100_000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",") + "}"
        #expect(JSONText.isValid(Array(keys.utf8)))
        #expect(!JSONText.isValid([UInt8](repeating: 0x0A, count: 8 << 20)))
        #expect(JSONText.isValid([UInt8](repeating: 0x0A, count: 1 << 20) + [0x31]))
    }

    @Test func whatTheGrammarMakesIsTaken() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let json = RandomJSON.value(depth: 5, using: &random)
            #expect(JSONText.isValid(Array(json.utf8)), "\(json)")
        }
    }

    /// A value cut short is never a value, unless it is a number; and nothing after a value is taken but space.
    @Test func aValueCutShortOrPrecededIsNone() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<300 {
            let json = Array("[\(RandomJSON.value(depth: 3, using: &random))]".utf8)
            for length in 0..<json.count { #expect(!JSONText.isValid(Array(json[..<length]))) }
            for extra in "[]{},:\"0a" { #expect(!JSONText.isValid(json + Array(String(extra).utf8))) }
        }
    }

    @Test func randomBytesNeverCrashIt() {
        var random = SeededGenerator(seed: 13)
        let alphabet = Array("[]{}:,\"\\u0123456789abcdefEe+-. \n\t\rtruefalsn\u{7F}".utf8) + [0xFF, 0xC3, 0xA9, 0x00]
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            }
            if JSONText.isValid(bytes) {
                var line: [UInt8] = []
                JSONText.appendOneLine(bytes, to: &line)
                #expect(JSONText.isValid(line))
                #expect(!line.contains { $0 == 0x0A || $0 == 0x0D })
            }
        }
    }
}
