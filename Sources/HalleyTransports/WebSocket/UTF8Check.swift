/// Whether a text that comes in parts can still become UTF-8 (RFC 3629), said with the first byte that rules it out, as
/// RFC 6455 in section 8.1 asks of text messages and close reasons.
///
/// No overlong form, no surrogate and nothing above U+10FFFF passes: what may follow a lead byte is kept as a range.
package struct UTF8Check {
    /// Continuation bytes that the character begun still needs.
    private var missing: UInt8 = 0
    /// What the next of them may be.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { missing == 0 }

    /// Takes the next part.
    ///
    /// - Returns: `false` when no text has these bytes.
    package mutating func takes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if missing == 0 {
                index = Self.endOfASCII(bytes, from: index)
                guard index < bytes.count else { return true }
            }
            guard takes(bytes[index]) else { return false }
            index += 1
        }
        return true
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
        guard missing == 0 else {
            guard lowest <= byte, byte <= highest else { return false }
            missing -= 1
            (lowest, highest) = (0x80, 0xBF)
            return true
        }
        (lowest, highest) = (0x80, 0xBF)
        switch byte {
        case ..<0x80: break
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { lowest = 0xA0 }
            if byte == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { lowest = 0x90 }
            if byte == 0xF4 { highest = 0x8F }
        default: return false
        }
        return true
    }

    /// Eight bytes at a step: most text is ASCII.
    private static func endOfASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count,
            bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            index += 8
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }
}
