/// Six characters that name one unbroken life of Redis' data. Redis makes a new one when data was lost.
public struct Era: Hashable, Sendable {
    /// How many characters an era has: `A-Z a-z 0-9`.
    public static let length = 6

    /// The characters, the first one highest. Every event carries an era or two: as a number they take half of the memory,
    /// and none is counted when it is copied.
    private let characters: UInt64

    /// `nil` unless the text is six ASCII letters or digits.
    public init?(_ text: some StringProtocol) { self.init(bytes: text.utf8) }

    /// The same of bytes.
    init?(bytes: some Sequence<UInt8>) {
        var characters: UInt64 = 0
        var count = 0
        for byte in bytes {
            guard count < Self.length, byte.isASCIIAlphanumeric else { return nil }
            characters = characters << 8 | UInt64(byte)
            count += 1
        }
        guard count == Self.length else { return nil }
        self.characters = characters
    }

    /// Appends the six characters.
    public func append(to output: inout [UInt8]) {
        for place in 1...Self.length {
            output.append(UInt8(truncatingIfNeeded: characters >> UInt64(8 * (Self.length - place))))
        }
    }
}

extension Era: CustomStringConvertible {
    /// The six characters.
    public var description: String { String(appending: append) }
}

extension String {
    /// The text that `append` writes: ASCII alone.
    init(appending append: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        append(&bytes)
        self.init(decoding: bytes, as: UTF8.self)
    }
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
