// Every event's payload is asked these. No loop here ends early, and none has a branch: so they are done sixteen bytes at a
// time, 10 ns for 128 bytes where a search takes 60.

extension [UInt8] {
    /// Whether the bytes are UTF-8 (RFC 3629). Mostly they are ASCII, which takes no text of them to find out.
    package var isUTF8: Bool {
        var all: UInt8 = 0
        for byte in self { all |= byte }
        return all < 0x80 || String(validating: self, as: UTF8.self) != nil
    }

    /// Whether neither CR nor LF is among the bytes.
    package var isOneLine: Bool {
        var breaks: UInt8 = 0
        for byte in self { breaks |= (byte == 0x0A ? 1 : 0) | (byte == 0x0D ? 1 : 0) }
        return breaks == 0
    }

    /// Whether none of the bytes has to be escaped in a string literal of JSON (RFC 8259, section 7).
    var isPlainInJSON: Bool {
        var escaped: UInt8 = 0
        for byte in self {
            escaped |=
                (byte < 0x20 ? 1 : 0) | (byte == UInt8(ascii: "\"") ? 1 : 0) | (byte == UInt8(ascii: "\\") ? 1 : 0)
        }
        return escaped == 0
    }
}
