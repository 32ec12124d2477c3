import HalleyCore

/// The members of a JSON object, each name and value as it came. `JSONDecoder` would give numbers and objects back in
/// another form than the publisher's.
struct JSONMembers: Sequence {
    /// The object's text, which has been checked.
    private let bytes: [UInt8]

    /// `nil` for what isn't a JSON object, see ``HalleyCore/JSONText/isValid(_:)``.
    init?(_ bytes: [UInt8]) {
        guard bytes.first(where: { !Self.isSpace($0) }) == UInt8(ascii: "{"), JSONText.isValid(bytes) else {
            return nil
        }
        self.bytes = bytes
    }

    func makeIterator() -> Iterator { Iterator(bytes: bytes) }

    struct Iterator: IteratorProtocol {
        fileprivate let bytes: [UInt8]
        /// Before the object's brace, then behind a member.
        private var index = 0

        fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

        /// The name with its quotes, and the value without the space around it.
        mutating func next() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
            // Between members stand space, one comma or brace, and space.
            skip { JSONMembers.isSpace($0) || $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: ",") }
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
            let name = string()
            skip { JSONMembers.isSpace($0) || $0 == UInt8(ascii: ":") }
            return (name, value())
        }

        private mutating func value() -> ArraySlice<UInt8> {
            let start = index
            var depth = 0
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "\""):
                    _ = string()
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}") where depth == 0, UInt8(ascii: ",") where depth == 0:
                    return trimmed(start..<index)
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
                index += 1
            }
            return trimmed(start..<index)
        }

        private mutating func string() -> ArraySlice<UInt8> {
            let start = index
            index += 1
            while bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
            index += 1
            return bytes[start..<index]
        }

        private mutating func skip(while condition: (UInt8) -> Bool) {
            while index < bytes.count, condition(bytes[index]) { index += 1 }
        }

        private func trimmed(_ range: Range<Int>) -> ArraySlice<UInt8> {
            let slice = bytes[range]
            guard let last = slice.lastIndex(where: { !JSONMembers.isSpace($0) }) else { return [] }
            return slice[...last]
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
}
