/// Reads the fields of a text of our own form, byte by byte, and takes nothing that we wouldn't have written.
package struct FieldReader {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence

    package init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

    package var isAtEnd: Bool { rest.isEmpty }

    /// A canonical decimal of 64 bits: no sign, no leading zero, no overflow. Two spellings of one number would be two
    /// spellings of one position.
    mutating func decimal() -> UInt64? {
        var value: UInt64 = 0
        var index = rest.startIndex
        while index < rest.endIndex, (0x30...0x39).contains(rest[index]) {
            let (product, hasOverflown) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = product.addingReportingOverflow(UInt64(rest[index] - 0x30))
            guard !hasOverflown, !isTooLarge else { return nil }
            value = sum
            index += 1
        }
        let digits = index - rest.startIndex
        guard digits > 0, digits == 1 || rest[rest.startIndex] != 0x30 else { return nil }
        rest = rest[index...]
        return value
    }

    /// The form of ``EventID``.
    package mutating func id() -> EventID? {
        guard let milliseconds = decimal(), skip("-"), let counter = decimal() else { return nil }
        return EventID(milliseconds: milliseconds, counter: counter)
    }

    /// The form of ``Era``.
    package mutating func era() -> Era? { take(Era.length).flatMap { Era(bytes: $0) } }

    /// Passes over one character; `false` where another stands.
    package mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// The next so many bytes.
    mutating func take(_ count: Int) -> UnsafeBufferPointer<UInt8>.SubSequence? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
