/// The id of a durable event, and a reading of Halley's clock: `1795359771922-57`, milliseconds and a counter.
///
/// All ids of one Redis are totally ordered across channels, so one id is a position for any number of channels.
/// The form is that of a Redis stream entry's id (https://redis.io/docs/latest/develop/data-types/streams/#entry-ids).
public struct EventID: Hashable, Sendable {
    /// Milliseconds since 1970, by Redis' clock.
    public let milliseconds: UInt64
    /// Tells apart ids of the same millisecond.
    public let counter: UInt64

    /// The id of these two numbers.
    public init(milliseconds: UInt64, counter: UInt64) {
        self.milliseconds = milliseconds
        self.counter = counter
    }

    /// The id before every other.
    public static let zero = EventID(milliseconds: 0, counter: 0)

    /// Reads `<milliseconds>-<counter>`, both plain decimals without sign or leading zero; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = UInt64(decimal: parts[0]), let counter = UInt64(decimal: parts[1])
        else { return nil }
        self.init(milliseconds: milliseconds, counter: counter)
    }
}

extension EventID: Comparable {
    /// By milliseconds, then by counter: the order of publishing.
    public static func < (left: EventID, right: EventID) -> Bool {
        (left.milliseconds, left.counter) < (right.milliseconds, right.counter)
    }
}

extension EventID: CustomStringConvertible {
    /// `<milliseconds>-<counter>`.
    public var description: String { String(appending: append) }

    /// Appends the same.
    public func append(to output: inout [UInt8]) {
        output.append(decimal: milliseconds)
        output.append(UInt8(ascii: "-"))
        output.append(decimal: counter)
    }
}

extension [UInt8] {
    /// The number's digits, without a leading zero.
    mutating func append(decimal number: UInt64) {
        // 20 digits is the most that 64 bits have.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var first = digits.count
            var rest = number
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            append(contentsOf: digits[first...])
        }
    }
}

extension UInt64 {
    /// Reads a canonical decimal: digits only, no sign, no leading zero, no overflow. `UInt64.init` alone takes `+5`
    /// and `007`, and two spellings of one number would be two spellings of one position.
    init?(decimal text: some StringProtocol) {
        guard let first = text.utf8.first, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            first != 0x30 || text.utf8.count == 1, let value = UInt64(text)
        else { return nil }
        self = value
    }
}
