import FoundationEssentials

/// Base64 with the URL alphabet and without padding (RFC 4648, section 5).
package enum Base64URL {
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        for character in Data(bytes).base64EncodedString() {
            switch character {
            case "+": text.append("-")
            case "/": text.append("_")
            case "=": break
            default: text.append(character)
            }
        }
        return text
    }

    /// `nil` unless the text is the one canonical encoding of some bytes: no padding, no white space, no stray bits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || $0 == 0x2D || $0 == 0x5F }) else { return nil }
        var standard = ""
        for character in text {
            switch character {
            case "-": standard.append("+")
            case "_": standard.append("/")
            default: standard.append(character)
            }
        }
        standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard) else { return nil }
        let bytes = [UInt8](data)
        return encode(bytes) == text ? bytes : nil
    }
}

/// Standard base64 with padding (RFC 4648, section 4), for payloads that are no text.
public enum Base64 {
    /// The bytes' ASCII text, on one line.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] { [UInt8](Data(bytes).base64EncodedString().utf8) }
}
