/// Text as part of a URL (RFC 3986, section 2).
package enum PercentEncoding {
    /// Escapes all but what RFC 3986 calls unreserved.
    package static func encode(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.unicodeScalars.append(UnicodeScalar(byte))
            default:
                output += byte < 16 ? "%0" : "%"
                output += String(byte, radix: 16, uppercase: true)
            }
        }
        return output
    }
}
