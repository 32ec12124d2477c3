/// Six characters that name one unbroken life of Redis' data. Redis makes a new one when data was lost.
public struct Era: Hashable, Sendable, CustomStringConvertible {
    /// How many characters an era has: `A-Z a-z 0-9`.
    public static let length = 6

    /// The six characters.
    public let description: String

    /// `nil` unless the text is six ASCII letters or digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(\.isASCIIAlphanumeric) else { return nil }
        description = String(text)
    }
}

extension Era {
    /// The same of bytes.
    init?(_ bytes: UnsafeBufferPointer<UInt8>.SubSequence) {
        guard bytes.count == Self.length, bytes.allSatisfy(\.isASCIIAlphanumeric) else { return nil }
        self.init(checked: String(decoding: bytes, as: UTF8.self))
    }

    private init(checked description: String) { self.description = description }
}

extension UInt8 {
    var isASCIIAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
