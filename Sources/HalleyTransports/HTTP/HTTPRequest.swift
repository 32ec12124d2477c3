/// One request's head (RFC 9112): all that a held connection is ever asked with, for it takes no body.
public struct HTTPRequest: Sendable {
    /// As it came, case and all: `GET`.
    public let method: String
    /// The target's path, still percent-encoded: `/events`.
    public let path: String
    /// The target's query without the question mark, still percent-encoded; empty when there is none.
    public let query: String
    /// Whether this is HTTP/1.1; HTTP/1.0 otherwise.
    public let isHTTP11: Bool
    /// Names in lower case, in the order in which they came.
    public let fields: [(name: String, value: String)]

    /// A head; field names in lower case.
    public init(method: String, path: String, query: String, isHTTP11: Bool, fields: [(name: String, value: String)]) {
        self.method = method
        self.path = path
        self.query = query
        self.isHTTP11 = isHTTP11
        self.fields = fields
    }

    /// The first value of a field. The name in lower case.
    public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of a field. The name in lower case.
    public func values(of name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// Whether the connection may carry another request after this one (RFC 9112, section 9.3).
    public var keepsAlive: Bool {
        isHTTP11 && !mentions("close", in: "connection")
    }

    /// Whether a value of the field has the word in it, in whatever case. The field's name and the word in lower case.
    package func mentions(_ word: String, in name: String) -> Bool {
        fields.contains { field in
            guard field.name == name else { return false }
            var rest = field.value.utf8[...]
            while rest.count >= word.utf8.count {
                if zip(rest, word.utf8).allSatisfy({ $0 == $1 || (0x41...0x5A).contains($0) && $0 | 0x20 == $1 }) {
                    return true
                }
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
