/// Reads JSON text (RFC 8259) where it lies: members are handed out as the bytes that they are.
package struct JSONCursor {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads an object and hands each member's name to `member`, which must read its value.
    package mutating func object(
        _ member: (UnsafeRawBufferPointer, inout JSONCursor) throws -> Void
    ) throws {
        try expect(UInt8(ascii: "{"))
        guard !skip(UInt8(ascii: "}")) else { return }
        repeat {
            let name = try string()
            try expect(UInt8(ascii: ":"))
            try member(name, &self)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Reads an array; `element` must read each of its values.
    package mutating func array(_ element: (inout JSONCursor) throws -> Void) throws {
        try expect(UInt8(ascii: "["))
        guard !skip(UInt8(ascii: "]")) else { return }
        repeat { try element(&self) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Reads a string: what stands between its quotes, escapes as they are.
    package mutating func string() throws -> UnsafeRawBufferPointer {
        try expect(UInt8(ascii: "\""))
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                defer { index += 1 }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
            case UInt8(ascii: "\\"): index += 2
            case 0..<0x20: throw AnswerError("a JSON string holds a control character")
            default: index += 1
            }
        }
        throw AnswerError("a JSON string has no end")
    }

    /// Reads any value: its bytes. Whatever its nesting, no stack grows with it.
    package mutating func value() throws -> UnsafeRawBufferPointer {
        skipSpace()
        let start = index
        var depth = 0
        repeat {
            skipSpace()
            switch peek {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw AnswerError("a JSON value is missing") }
                depth -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw AnswerError("a JSON value is missing") }
                index += 1
            case UInt8(ascii: "\""): _ = try string()
            default:
                // Roughly: the worker has checked the payload, or made a string of it.
                let word = index
                while let byte = peek, isOfWord(byte) { index += 1 }
                guard index > word else { throw AnswerError("a JSON value is missing") }
            }
        } while depth > 0
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }

    /// - Throws: unless everything was read.
    package mutating func end() throws {
        skipSpace()
        guard index == bytes.count else { throw AnswerError("something follows a JSON value") }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"), UInt8(ascii: "+"),
            UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard skip(byte) else { throw AnswerError("JSON lacks a \(Character(UnicodeScalar(byte)))") }
    }
}
