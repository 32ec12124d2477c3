import HalleyCore
import HalleyHub
import HalleyTransports
import Testing

@Suite struct ScriptMessageTests {
    private func script(_ payload: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        ScriptMessage.append(delivery(payload, position: somewhere), to: &output)
        return output
    }

    private func json(_ payload: [UInt8]) -> [UInt8] { JSONMessage.event(delivery(payload, position: somewhere)) }

    @Test(arguments: HostilePayloads.all)
    func nothingInItEndsAScriptOrALine(payload: [UInt8]) throws {
        let text = try #require(String(validating: script(payload), as: UTF8.self))
        for forbidden in ["<", ">", "&", "\u{2028}", "\u{2029}", "\n", "\r"] as [Unicode.Scalar] {
            #expect(!text.unicodeScalars.contains(forbidden))
        }
    }

    /// The reverse of what the escapes say gives JSON again, byte by byte, where nothing had to be parsed.
    @Test(arguments: HostilePayloads.all)
    func itSaysWhatTheJSONSays(payload: [UInt8]) {
        var text = String(decoding: script(payload), as: UTF8.self)
        guard !text.contains("JSON.parse(") else { return }
        #expect(JSONText.isValid(Array(text.utf8)))
        for (escape, character) in [
            (#"\u003c"#, "<"), (#"\u003e"#, ">"), (#"\u0026"#, "&"), (#"\u2028"#, "\u{2028}"), (#"\u2029"#, "\u{2029}"),
        ] {
            text = text.split(separator: escape, omittingEmptySubsequences: false).joined(separator: character)
        }
        #expect(Array(text.utf8) == json(payload))
    }

    @Test func aNameThatSetsAPrototypeIsParsedAndNoLiteral() {
        #expect(
            String(decoding: script(Array(#"{"__proto__":"<"}"#.utf8)), as: UTF8.self)
                == #"{"channel":"news","position":"\#(somewhere)","data":JSON.parse("{\"__proto__\":\"\u003c\"}")}"#)
        for payload in [#"{"\u005f_proto__":1}"#, #"[{"a":{"__prot\u006F__":1}}]"#] {
            #expect(String(decoding: script(Array(payload.utf8)), as: UTF8.self).contains("JSON.parse("))
        }
        for payload in [#"{"proto":1}"#, #""__proto__""#, #"["__proto__"]"#, "__proto__: 1"] {
            #expect(!String(decoding: script(Array(payload.utf8)), as: UTF8.self).contains("JSON.parse("))
        }
    }
}
