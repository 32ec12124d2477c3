/// A head's fields as they came: checked already, and made into texts only where somebody asks for one.
///
/// Every poll brings a head, and of most heads no field is ever asked for but `Host`; a text for each name and value cost
/// more than all the rest of the reading.
struct HTTPFields: Sendable {
    typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// The whole head or more of what came; nothing is copied out of it.
    private let bytes: [UInt8]
    /// The field lines, without the empty line behind them.
    private let range: Range<Int>
    /// A bit for each name that is there; two names may share one. A field that isn't there mostly costs no search.
    private let marks: UInt64

    /// - Parameters:
    ///   - range: where the field lines are: each with a colon, CR LF between them.
    ///   - marks: of all their names.
    init(bytes: [UInt8], range: Range<Int>, marks: UInt64) {
        self.bytes = bytes
        self.range = range
        self.marks = marks
    }

    /// The mark of a name, in whatever case.
    static func mark(_ name: some Collection<UInt8>) -> UInt64 {
        1 << ((UInt64(truncatingIfNeeded: name.count) &* 7 &+ UInt64((name.first ?? 0) | 0x20)) & 63)
    }

    /// Whether none of the names with these marks is there. `false` says nothing.
    func lacks(_ marks: UInt64) -> Bool { self.marks & marks == 0 }

    /// All of them, names in lower case, in the order in which they came.
    var all: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        search { name, value in
            fields.append((Self.text(name).lowercased(), Self.text(value)))
            return false
        }
        return fields
    }

    /// Calls for each field of the name, which is in lower case, until the answer is `true`.
    ///
    /// - Returns: whether it was.
    @discardableResult
    func search(_ name: String, _ isFound: (Bytes) -> Bool) -> Bool {
        guard marks & Self.mark(name.utf8) != 0 else { return false }
        return search { candidate, value in
            candidate.count == name.utf8.count && Self.isSame(candidate, name) && isFound(value)
        }
    }

    /// Whether the bytes, in whatever case, begin with the word, which is in lower case and not longer.
    static func isSame(_ bytes: Bytes, _ word: String) -> Bool {
        var index = bytes.startIndex
        for character in word.utf8 {
            let byte = bytes[index]
            guard byte == character || (0x41...0x5A).contains(byte) && byte | 0x20 == character else { return false }
            index += 1
        }
        return true
    }

    static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

    @discardableResult
    private func search(_ isFound: (_ name: Bytes, _ value: Bytes) -> Bool) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var rest = bytes[range]
            while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
                let end = rest[colon...].firstIndex(of: 0x0D) ?? rest.endIndex
                if isFound(rest[rest.startIndex..<colon], Self.trimmed(rest[(colon + 1)..<end])) { return true }
                guard end + 2 < rest.endIndex else { return false }
                rest = rest[(end + 2)...]
            }
            return false
        }
    }

    private static func trimmed(_ value: Bytes) -> Bytes {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let start = value.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return value[value.endIndex...] }
        return start[...last]
    }
}

extension HTTPFields {
    /// Names that are asked for together, most often in vain.
    struct Names: Sendable {
        let all: [String]
        let marks: UInt64

        /// The names in lower case.
        init(_ all: String...) {
            self.all = all
            marks = all.reduce(0) { $0 | HTTPFields.mark($1.utf8) }
        }
    }
}
