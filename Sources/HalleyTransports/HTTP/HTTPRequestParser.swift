import NIOCore

/// Reads request heads from a byte stream, strictly (RFC 9112, sections 2 to 5): what a lenient parser would guess at is
/// refused, because the router in front may have guessed otherwise (request smuggling).
///
/// It exists beside NIO's HTTP decoder because it is let go of while a connection is held, and costs a held connection
/// nothing; and because a resource without request bodies needs no more.
public struct HTTPRequestParser {
    /// The longest head, in bytes, request line and final empty line included. 16 KiB hold 64 channels and a ticket.
    public static let maximumHead = 16_384
    /// The most fields in a head.
    public static let maximumFields = 100

    private var bytes: [UInt8] = []
    /// Everything before this index holds no end of a head.
    private var scanned = 0

    /// A parser that has read nothing.
    public init() {}

    /// Whether a head has begun to arrive.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Takes what came from the socket.
    ///
    /// - Throws: ``HTTPRequestError`` 431 when more is waiting than a head may have.
    public mutating func append(_ buffer: ByteBuffer) throws(HTTPRequestError) {
        buffer.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
        guard bytes.count <= 2 * Self.maximumHead else { throw Self.tooLarge }
    }

    /// What came behind the last head, for whoever takes the connection over.
    mutating func takeRest() -> [UInt8] {
        defer { self = HTTPRequestParser() }
        return bytes
    }

    /// The next whole head; `nil` until one is there.
    public mutating func next() throws(HTTPRequestError) -> HTTPRequest? {
        skipEmptyLines()
        guard let end = endOfHead() else {
            guard bytes.count < Self.maximumHead else { throw Self.tooLarge }
            return nil
        }
        guard end <= Self.maximumHead else { throw Self.tooLarge }
        let request = try Self.parse(bytes, until: end - 4)
        remove(end)
        return request
    }

    /// Before the request line they are passed over (RFC 9112, section 2.2).
    private mutating func skipEmptyLines() {
        var end = 0
        while end + 1 < bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A { end += 2 }
        if end > 0 { remove(end) }
    }

    private mutating func remove(_ count: Int) {
        // An empty array anew, and not the old one emptied: that would keep its memory while the request is held.
        if count == bytes.count { bytes = [] } else { bytes.removeFirst(count) }
        scanned = 0
    }

    /// The index after CR LF CR LF.
    private mutating func endOfHead() -> Int? {
        let end = bytes.withUnsafeBufferPointer { bytes -> Int? in
            var index = max(scanned, 3)
            while index < bytes.count {
                if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                    return index + 1
                }
                index += 1
            }
            return nil
        }
        if end == nil { scanned = bytes.count }
        return end
    }

    /// The request takes the bytes as they are, for they are a poll's largest part, and points to its parts in them.
    private static func parse(_ bytes: [UInt8], until end: Int) throws(HTTPRequestError) -> HTTPRequest {
        let request = try bytes.withUnsafeBufferPointer { head throws(HTTPRequestError) in
            try parse(head[..<end], of: bytes)
        }
        try checkFraming(of: request)
        return request
    }

    private static func parse(
        _ head: HTTPFields.Bytes, of bytes: [UInt8]
    ) throws(HTTPRequestError) -> HTTPRequest {
        var lines = Lines(rest: head)
        guard let line = try lines.next() else { throw malformed("an empty request") }
        let (method, target, isHTTP11) = try requestLine(line)
        let fields = min(line.endIndex + 2, head.endIndex)..<head.endIndex
        var marks: UInt64 = 0
        var count = 0
        while let line = try lines.next() {
            guard count < maximumFields else {
                throw HTTPRequestError(.headerFieldsTooLarge, "a request may have \(maximumFields) header fields")
            }
            count += 1
            marks |= HTTPFields.mark(try nameOfField(line))
        }
        let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        return HTTPRequest(
            method: text(method), path: text(target[..<end]), isHTTP11: isHTTP11, bytes: bytes,
            query: min(end + 1, target.endIndex)..<target.endIndex, fields: fields, marks: marks)
    }

    private static func requestLine(
        _ line: HTTPFields.Bytes
    ) throws(HTTPRequestError) -> (method: HTTPFields.Bytes, target: HTTPFields.Bytes, isHTTP11: Bool) {
        guard let first = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), first < last,
            first > line.startIndex, line[..<first].allSatisfy(isToken)
        else { throw malformed("the first line isn't METHOD TARGET HTTP/1.1") }
        let target = line[(first + 1)..<last]
        // One pass over the longest part; what else there is to say of it is asked only where that fails.
        let isVisible = UnsafeBufferPointer(rebasing: target).allSatisfy { (0x21...0x7E).contains($0) }
        guard isVisible || !target.contains(0x20) else {
            throw malformed("the first line isn't METHOD TARGET HTTP/1.1")
        }
        let isHTTP11 = line[(last + 1)...].elementsEqual("HTTP/1.1".utf8)
        guard isHTTP11 || line[(last + 1)...].elementsEqual("HTTP/1.0".utf8) else {
            throw HTTPRequestError(.httpVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        guard target.first == UInt8(ascii: "/"), isVisible else {
            throw malformed("the target must be a path that begins with '/', percent-encoded where needed")
        }
        return (line[..<first], target, isHTTP11)
    }

    /// - Returns: the name, checked as the value is.
    private static func nameOfField(_ line: HTTPFields.Bytes) throws(HTTPRequestError) -> HTTPFields.Bytes {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw malformed("a header field has no colon")
        }
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(isToken) else {
            throw malformed("a header field's name is empty, or has a character that may not stand there")
        }
        let value = UnsafeBufferPointer(rebasing: line[(colon + 1)...])
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw malformed("a header field's value has a control character")
        }
        return name
    }

    /// Nothing here has a body, and nothing may be said twice that two readers could take differently.
    private static func checkFraming(of request: HTTPRequest) throws(HTTPRequestError) {
        let hosts = request.count(of: "host")
        guard hosts == 1 || (hosts == 0 && !request.isHTTP11) else {
            throw malformed("a request names exactly one Host")
        }
        guard request.hasField(of: bodyFields) else { return }
        guard request.count(of: "transfer-encoding") == 0 else {
            throw malformed("no request has a body here; leave Transfer-Encoding out")
        }
        let lengths = request.values(of: "content-length")
        guard lengths.count <= 1 else { throw malformed("two Content-Length fields") }
        if let length = lengths.first {
            guard !length.isEmpty, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw malformed("Content-Length is no number")
            }
            guard length.utf8.allSatisfy({ $0 == 0x30 }) else {
                throw HTTPRequestError(.contentTooLarge, "no request has a body here")
            }
        }
    }

    private static let bodyFields = HTTPFields.Names("transfer-encoding", "content-length")

    /// `tchar` of RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: "!#$%&'*+.^_`|~".utf8.contains(byte)
        }
    }

    private static func text(_ bytes: HTTPFields.Bytes) -> String { HTTPFields.text(bytes) }

    private static func malformed(_ what: String) -> HTTPRequestError { HTTPRequestError(.badRequest, what) }

    private static let tooLarge = HTTPRequestError(
        .headerFieldsTooLarge, "a request's head may have \(maximumHead) bytes in all")
}

/// Lines that end in CR LF. A CR or LF by itself ends nothing and is refused.
private struct Lines {
    var rest: HTTPFields.Bytes
    var isAtEnd = false

    init(rest: HTTPFields.Bytes) { self.rest = rest }

    mutating func next() throws(HTTPRequestError) -> HTTPFields.Bytes? {
        guard !isAtEnd else { return nil }
        var line = rest
        let all = UnsafeBufferPointer(rebasing: rest)
        if let end = all.firstIndex(where: { $0 == 0x0D || $0 == 0x0A }).map({ rest.startIndex + $0 }) {
            guard rest[end] == 0x0D, end + 1 < rest.endIndex, rest[end + 1] == 0x0A else {
                throw HTTPRequestError(.badRequest, "a line must end in CR LF")
            }
            line = rest[..<end]
            rest = rest[(end + 2)...]
        } else {
            isAtEnd = true
        }
        return line
    }
}
