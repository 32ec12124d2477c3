import HalleyCore

/// A request's query: its items as they came, and decoded as HTML forms encode them (WHATWG URL,
/// application/x-www-form-urlencoded).
package struct Query: Sendable {
    /// The most items that are read. A query with more is refused, not cut.
    package static let maximumItems = 128

    package struct Item: Sendable {
        /// As it came; printable ASCII only, so it may stand in a `Location`.
        package let text: String
        package let name: String
        package let value: String
    }

    package let items: [Item]

    /// - Throws: ``RequestError/malformedQuery`` when an escape is broken, bytes are no UTF-8, or there are too many items.
    package init(_ text: some StringProtocol) throws(RequestError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .malformedQuery }
        var items: [Item] = []
        for part in text.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard items.count < Self.maximumItems, let name = Self.decode(halves[0]),
                let value = halves.count == 2 ? Self.decode(halves[1]) : ""
            else { throw .malformedQuery }
            items.append(Item(text: String(part), name: name, value: value))
        }
        self.items = items
    }

    /// All values of a name, in order.
    package func values(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The items as they came but those of the names given, and then one more.
    package func replacing(_ name: String, with value: String) -> String {
        (items.filter { $0.name != name }.map(\.text) + ["\(name)=\(Self.encode(value))"]).joined(separator: "&")
    }

    /// Escapes all but what RFC 3986 calls unreserved.
    package static func encode(_ text: String) -> String { PercentEncoding.encode(text) }

    private static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
