/// A query's items, decoded as HTML forms encode them (WHATWG URL, application/x-www-form-urlencoded).
public struct QueryItems: Sendable {
    /// The most items that are read. A request with more is refused, not cut. Far above what any request needs, so that
    /// one with too many channels is told so, and not that its query is broken.
    public static let maximum = 1_024

    /// In the order in which they came.
    public let items: [(name: String, value: String)]

    /// `nil` when an escape is broken, the bytes are no UTF-8, or there are too many items.
    public init?(_ query: String) {
        // A native text lends its bytes; another is copied first.
        let items =
            query.utf8.withContiguousStorageIfAvailable { Self.items(of: $0) }
            ?? Array(query.utf8).withUnsafeBufferPointer { Self.items(of: $0) }
        guard let items else { return nil }
        self.items = items
    }

    /// Every request is asked for by its query, every poll anew, so it is read by its bytes: characters cost ten times that.
    private static func items(of query: UnsafeBufferPointer<UInt8>) -> [(name: String, value: String)]? {
        var items: [(name: String, value: String)] = []
        var rest = query[...]
        while !rest.isEmpty {
            let part = rest.prefix { $0 != UInt8(ascii: "&") }
            rest = rest[part.endIndex...].dropFirst()
            guard !part.isEmpty else { continue }
            let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard items.count < maximum, let name = decode(part[..<end]), let value = decode(part[end...].dropFirst())
            else { return nil }
            items.append((name, value))
        }
        return items
    }

    /// An empty query's.
    package static let none = QueryItems(items: [])

    private init(items: [(name: String, value: String)]) { self.items = items }

    /// The first value.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values, in order.
    public func values(of name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    private static func decode(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(decoding: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexadecimalValue),
                    let low = rest.next().flatMap(hexadecimalValue)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
