import HalleyCore
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648, section 10, and the two characters that differ from the standard alphabet.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
        (">>>", "Pj4-"), ("???", "Pz8_"),
    ])
    func vectors(text: String, encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: [
        "Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm8 ", " Zm8", "Z m8", "Zm8\n", "Zm8\r\n", "Pj4+", "Pz8/", "Zm8.",
        "Zm8\0",
        "Zｍ8", "Zm8é", "Z\u{301}m8", "====", "-_-=",
    ])
    func onlyTheCanonicalEncodingIsRead(text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test func randomBytesSurvive() {
        var random = SeededGenerator(seed: 4)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }

    @Test func noTwoTextsAreTheSameBytes() {
        var seen: Set<[UInt8]> = []
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for first in alphabet {
            for second in alphabet {
                if let bytes = Base64URL.decode(String([first, second])) { #expect(seen.insert(bytes).inserted) }
            }
        }
        #expect(seen.count == 256)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy"), (">>>???", "Pj4+Pz8/")])
    func vectors(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == Array(encoded.utf8))
    }

    @Test func longPayloadsStayOnOneLine() {
        let encoded = Base64.encode([UInt8](repeating: 0xFF, count: 300_000))
        #expect(encoded.count == 400_000)
        #expect(encoded.allSatisfy { $0 == UInt8(ascii: "/") })
    }
}
