import Glibc

/// One request's head (RFC 9112): all that a held connection is ever asked with, for it takes no body.
public struct HTTPRequest: Sendable {
    /// As it came, case and all: `GET`.
    public let method: String
    /// The target's path, still percent-encoded: `/events`.
    public let path: String
    /// Whether this is HTTP/1.1; HTTP/1.0 otherwise.
    public let isHTTP11: Bool

    private let bytes: [UInt8]
    private let queryRange: Range<Int>
    private let checkedFields: HTTPFields

    /// What a parser has read, and checked: where the parts are in the bytes.
    init(
        method: String, path: String, isHTTP11: Bool, bytes: [UInt8], query: Range<Int>, fields: Range<Int>,
        marks: UInt64
    ) {
        self.method = method
        self.path = path
        self.isHTTP11 = isHTTP11
        self.bytes = bytes
        queryRange = query
        checkedFields = HTTPFields(bytes: bytes, range: fields, marks: marks)
    }

    /// A head; field names in lower case.
    public init(method: String, path: String, query: String, isHTTP11: Bool, fields: [(name: String, value: String)]) {
        var bytes = Array(query.utf8)
        let end = bytes.count
        for field in fields { bytes.append(contentsOf: "\(field.name): \(field.value)\r\n".utf8) }
        let marks = fields.reduce(0) { $0 | HTTPFields.mark($1.name.utf8) }
        self.init(
            method: method, path: path, isHTTP11: isHTTP11, bytes: bytes, query: 0..<end,
            fields: end..<max(end, bytes.count - 2), marks: marks)
    }

    /// The target's query without the question mark, still percent-encoded; empty when there is none.
    public var query: String { String(decoding: bytes[queryRange], as: UTF8.self) }

    /// Whether the other's query has the very same bytes.
    func hasQuery(of other: HTTPRequest) -> Bool {
        queryRange.count == other.queryRange.count
            && bytes.withUnsafeBytes { bytes in
                other.bytes.withUnsafeBytes { others in
                    guard let mine = bytes.baseAddress, let its = others.baseAddress else { return true }
                    return memcmp(mine + queryRange.lowerBound, its + other.queryRange.lowerBound, queryRange.count)
                        == 0
                }
            }
    }

    /// Names in lower case, in the order in which they came.
    public var fields: [(name: String, value: String)] { checkedFields.all }

    /// The first value of a field. The name in lower case.
    public func field(_ name: String) -> String? {
        var text: String?
        checkedFields.search(name) { value in
            text = HTTPFields.text(value)
            return true
        }
        return text
    }

    /// All values of a field. The name in lower case.
    public func values(of name: String) -> [String] {
        var values: [String] = []
        checkedFields.search(name) { value in
            values.append(HTTPFields.text(value))
            return false
        }
        return values
    }

    /// Whether one of the fields is there. The names in lower case.
    func hasField(of names: HTTPFields.Names) -> Bool {
        !checkedFields.lacks(names.marks) && names.all.contains { count(of: $0) > 0 }
    }

    /// How often a field is there. The name in lower case.
    func count(of name: String) -> Int {
        var count = 0
        checkedFields.search(name) { _ in
            count += 1
            return false
        }
        return count
    }

    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    public var keepsAlive: Bool {
        isHTTP11 && !mentions("close", in: "connection")
    }

    /// Whether a value of the field has the word in it, in whatever case. The field's name and the word in lower case.
    package func mentions(_ word: String, in name: String) -> Bool {
        checkedFields.search(name) { value in
            var rest = value
            while rest.count >= word.utf8.count {
                if HTTPFields.isSame(rest, word) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }
}

/// Why a request can't be read. The connection is closed after the answer: what follows on it can't be told apart.
public struct HTTPRequestError: Error, Equatable, CustomStringConvertible {
    /// The answer's status, 4xx or 5xx.
    public let status: HTTPStatus
    /// What was wrong and what was expected; never echoes what came.
    public let description: String

    package init(_ status: HTTPStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
