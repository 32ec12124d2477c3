/// 64 random bits that name one start of one worker, written as 16 lower-case hexadecimal digits.
public struct Incarnation: Hashable, Sendable, CustomStringConvertible {
    /// All 64 of them, as drawn.
    public let bits: UInt64
    /// Made once: it stands in every live event's position.
    public let description: String

    /// The incarnation of these bits.
    public init(bits: UInt64) {
        self.bits = bits
        description = hexadecimal(bits)
    }

    /// Draws a new one.
    public static func random() -> Incarnation { Incarnation(bits: .random(in: .min ... .max)) }

    /// `nil` unless the text is 16 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16, text.utf8.allSatisfy(\.isLowerHexadecimal), let bits = UInt64(text, radix: 16)
        else { return nil }
        self.init(bits: bits)
    }
}

/// 16 lower-case digits, with leading zeros.
func hexadecimal(_ bits: UInt64) -> String {
    let digits = String(bits, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

extension UInt8 {
    var isLowerHexadecimal: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
