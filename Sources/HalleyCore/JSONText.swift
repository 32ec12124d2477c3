/// Payloads as parts of JSON messages: what already is JSON is embedded as it is, other text becomes a JSON string.
public enum JSONText {
    /// The deepest nesting of a payload that is embedded as it is. Deeper text is still delivered, as a JSON string, so
    /// that nothing a publisher sends can exhaust the stack of a client's parser.
    public static let maximumDepth = 128

    /// Appends a string literal, quotes included (RFC 8259, section 7). The bytes must be UTF-8.
    ///
    /// Of bytes and nothing else: an event's payload comes here, and a generic sequence costs 4 µs for 128 of them.
    public static func appendString(_ bytes: [UInt8], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        if bytes.isPlainInJSON { output.append(contentsOf: bytes) } else { appendEscaped(bytes, to: &output) }
        output.append(UInt8(ascii: "\""))
    }

    /// Some bytes at a time, by way of memory that needs no look at its owner for each of them.
    private static func appendEscaped(_ bytes: [UInt8], to output: inout [UInt8]) {
        let step = 256
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: step * longestEscape) { escaped in
            for start in stride(from: 0, to: bytes.count, by: step) {
                var end = 0
                for byte in bytes[start..<min(start + step, bytes.count)] {
                    end += escape(byte, to: escaped, at: end)
                }
                output.append(contentsOf: escaped[..<end])
            }
        }
    }

    /// `\u001f`, in bytes.
    private static let longestEscape = 6

    /// - Returns: how many bytes it is now.
    private static func escape(_ byte: UInt8, to output: UnsafeMutableBufferPointer<UInt8>, at index: Int) -> Int {
        let letter: UInt8
        switch byte {
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0D: letter = UInt8(ascii: "r")
        case 0x09: letter = UInt8(ascii: "t")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
        case 0..<0x20:
            for (place, character) in #"\u00"#.utf8.enumerated() { output[index + place] = character }
            output[index + 4] = hexadecimalDigits[Int(byte >> 4)]
            output[index + 5] = hexadecimalDigits[Int(byte & 15)]
            return 6
        default:
            output[index] = byte
            return 1
        }
        output[index] = UInt8(ascii: "\\")
        output[index + 1] = letter
        return 2
    }

    /// Appends a text as a string literal.
    public static func appendString(_ text: String.UTF8View, to output: inout [UInt8]) {
        appendString(Array(text), to: &output)
    }

    /// Appends JSON text on one line. Valid JSON holds raw CR and LF between its tokens only, where a space says the
    /// same, and a line of NDJSON or an SSE `data:` field ends at either.
    public static func appendOneLine(_ json: [UInt8], to output: inout [UInt8]) {
        guard !json.isOneLine else { return output.append(contentsOf: json) }
        for byte in json { output.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte) }
    }

    /// Whether the bytes are one JSON value (RFC 8259), in UTF-8, no deeper than ``maximumDepth``. Linear time, no
    /// recursion. Numbers keep their text, whatever their size; duplicate keys and escaped lone surrogates are the
    /// publisher's affair, as the grammar allows them.
    public static func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes: bytes)
            return scanner.scan()
        } && bytes.isUTF8
    }

    private static let hexadecimalDigits = Array("0123456789abcdef".utf8)
}

/// A validator of RFC 8259's grammar over bytes, with an explicit stack of open brackets.
private struct JSONScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0
    var open: [UInt8] = []

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func scan() -> Bool {
        while true {
            // Here a value must begin.
            skipSpace()
            switch peek() {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard open.count < JSONText.maximumDepth, let bracket = peek() else { return false }
                open.append(bracket)
                index += 1
                skipSpace()
                if peek() == closing(bracket) {
                    index += 1
                    open.removeLast()
                } else if bracket == UInt8(ascii: "{") {
                    guard key() else { return false }
                    continue
                } else {
                    continue
                }
            case UInt8(ascii: "\""):
                guard string() else { return false }
            case UInt8(ascii: "t"):
                guard literal("true") else { return false }
            case UInt8(ascii: "f"):
                guard literal("false") else { return false }
            case UInt8(ascii: "n"):
                guard literal("null") else { return false }
            default:
                guard number() else { return false }
            }
            // Here a value has ended.
            var another = false
            while !another {
                skipSpace()
                guard let bracket = open.last else { return index == bytes.count }
                if peek() == UInt8(ascii: ",") {
                    index += 1
                    if bracket == UInt8(ascii: "{") {
                        guard key() else { return false }
                    }
                    another = true
                } else if peek() == closing(bracket) {
                    index += 1
                    open.removeLast()
                } else {
                    return false
                }
            }
        }
    }

    private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func closing(_ bracket: UInt8) -> UInt8 {
        bracket == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func key() -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard peek() == UInt8(ascii: ":") else { return false }
        index += 1
        return true
    }

    private mutating func string() -> Bool {
        index += 1
        while let byte = peek() {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"):
                guard let escaped = peek() else { return false }
                index += 1
                switch escaped {
                case UInt8(ascii: "u"):
                    for _ in 0..<4 {
                        guard let digit = peek(), Character(UnicodeScalar(digit)).isHexDigit, digit < 0x80 else {
                            return false
                        }
                        index += 1
                    }
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    break
                default: return false
                }
            default: break
            }
        }
        return false
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        let end = index + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        let matches = word.withUTF8Buffer { $0.elementsEqual(bytes[index..<end]) }
        index = end
        return matches
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() -> Bool {
        if peek() == UInt8(ascii: "-") { index += 1 }
        if peek() == UInt8(ascii: "0") {
            index += 1
        } else {
            guard digits() else { return false }
        }
        if peek() == UInt8(ascii: ".") {
            index += 1
            guard digits() else { return false }
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            index += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { index += 1 }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while let byte = peek(), (0x30...0x39).contains(byte) { index += 1 }
        return index > start
    }
}
