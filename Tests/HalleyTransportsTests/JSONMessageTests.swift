import HalleyCore
import HalleyHub
import HalleyTransports
import Testing

@Suite struct JSONMessageTests {
    private func message(_ payload: [UInt8], position: Position? = nil) -> String {
        var output: [UInt8] = []
        JSONMessage.append(delivery(payload, position: position), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":1}"#), ("[1, 2]", "[1, 2]"), ("17", "17"), ("1e999999999", "1e999999999"),
        ("null", "null"),
        ("{\n\"a\": 1\r\n}", "{ \"a\": 1  }"), ("hello", #""hello""#), ("", #""""#), ("{\"a\":1", #""{\"a\":1""#),
        ("a\r\nb", #""a\r\nb""#), ("a\0b", #""a\u0000b""#), ("say \"it\"", #""say \"it\"""#), ("é", "\"é\""),
        ("{} {}", #""{} {}""#), ("NaN", #""NaN""#), ("\u{FEFF}1", "\"\u{FEFF}1\""),
    ])
    func whatIsJSONIsEmbeddedAndOtherTextBecomesAString(payload: String, data: String) {
        #expect(message(Array(payload.utf8)) == #"{"channel":"news","data":\#(data)}"#)
    }

    @Test func bytesThatAreNoTextBecomeBase64() {
        #expect(message([0xC3]) == #"{"channel":"news","encoding":"base64","data":"ww=="}"#)
    }

    @Test func thePositionIsThereWhenThereIsOne() {
        #expect(message([0x31], position: somewhere) == #"{"channel":"news","position":"\#(somewhere)","data":1}"#)
    }

    @Test func aPayloadNestedAMillionDeepIsAStringAndNobodysStackOverflows() {
        let text = message(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        #expect(text.hasPrefix(#"{"channel":"news","data":"[[["#))
    }

    @Test func everyMessageIsValidJSONOnOneLine() {
        for payload in SSETests.payloads {
            let text = message(Array(payload.utf8), position: somewhere)
            #expect(JSONText.isValid(Array(text.utf8)))
            #expect(!text.utf8.contains(0x0A) && !text.utf8.contains(0x0D))
        }
    }
}
