/// What a JSON string literal stands for (RFC 8259, section 7).
package enum JSONString {
    /// - Parameter literal: what stands between the quotes.
    /// - Returns: UTF-8. A surrogate without its other half becomes U+FFFD, as in `JSON.parse` and `TextEncoder` together.
    package static func unescaped(_ literal: some Collection<UInt8>) throws -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(literal.count)
        var rest = literal[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case let byte? where byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/"):
                output.append(byte)
            case UInt8(ascii: "u"): output.append(contentsOf: String(try scalar(&rest)).utf8)
            default: throw AnswerError("a JSON string holds an unknown escape")
            }
        }
        return output
    }

    private static func scalar<Rest: Collection<UInt8>>(_ rest: inout Rest) throws -> Character
    where Rest.SubSequence == Rest {
        let first = try unit(&rest)
        if let scalar = UnicodeScalar(first) { return Character(scalar) }
        // A low surrogate must follow a high one; what follows else stands for itself.
        let rewound = rest
        if first < 0xDC00, rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u") {
            let second = try unit(&rest)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = UnicodeScalar(0x10000 + (UInt32(first - 0xD800) << 10 | UInt32(second - 0xDC00)))
            {
                return Character(scalar)
            }
        }
        rest = rewound
        return "\u{FFFD}"
    }

    private static func unit<Rest: Collection<UInt8>>(_ rest: inout Rest) throws -> UInt16
    where Rest.SubSequence == Rest {
        let digits = rest.prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit && $0 < 0x80 }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw AnswerError("a JSON string holds a broken \\u escape") }
        rest = rest.dropFirst(4)
        return unit
    }
}
