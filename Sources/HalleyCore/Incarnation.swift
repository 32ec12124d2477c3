/// 64 random bits that name one start of one worker, written as 16 lower-case hexadecimal digits.
///
/// Its text is made anew each time: it stands in every live event's position, and positions are copied far oftener than
/// written.
public struct Incarnation: Hashable, Sendable {
    /// How many digits an incarnation is written with.
    public static let length = 16

    /// All 64 of them, as drawn.
    public let bits: UInt64

    /// The incarnation of these bits.
    public init(bits: UInt64) { self.bits = bits }

    /// Draws a new one.
    public static func random() -> Incarnation { Incarnation(bits: .random(in: .min ... .max)) }

    /// `nil` unless the text is 16 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) { self.init(digits: text.utf8) }

    /// The same of bytes.
    init?(digits: some Collection<UInt8>) {
        guard digits.count == Self.length else { return nil }
        var bits: UInt64 = 0
        for digit in digits {
            guard digit.isLowerHexadecimal else { return nil }
            bits = bits << 4 | UInt64(digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - 0x57)
        }
        self.init(bits: bits)
    }

    /// Appends the 16 digits.
    func append(to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.length) { digits in
            for place in digits.indices {
                let digit = UInt8(truncatingIfNeeded: bits >> UInt64(4 * (Self.length - 1 - place)) & 15)
                digits[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            output.append(contentsOf: digits)
        }
    }
}

extension Incarnation: CustomStringConvertible {
    /// The 16 digits.
    public var description: String { hexadecimal(bits) }
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
