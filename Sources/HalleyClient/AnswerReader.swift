/// The head of an HTTP/1.1 answer (RFC 9112, section 4).
package struct AnswerHead: Sendable, Equatable {
    package let status: Int
    /// Names in lower case.
    package let fields: [String: String]

    /// - Parameter text: status line and fields, without the empty line.
    package init(_ text: String) throws(AnswerError) {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let parts = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].utf8.count == 3,
            let status = Int(parts[1])
        else { throw AnswerError("the answer begins with no status line of HTTP/1.1") }
        self.status = status
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, !line[..<colon].contains(" ") else {
                throw AnswerError("a header field of the answer has no name")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[line[..<colon].lowercased()] = String(value)
        }
        self.fields = fields
    }

    package func has(_ token: String, in field: String) -> Bool { fields[field]?.lowercased().contains(token) ?? false }
}

/// What can't be an answer, or not Halley's.
package struct AnswerError: Error, CustomStringConvertible, Equatable {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Takes answers apart as their bytes come: heads, and bodies by length, in chunks (RFC 9112, section 7.1) or up to the
/// connection's end. Strict: what isn't as it should be is an error, never a guess.
package struct AnswerReader {
    package enum Part {
        case head(AnswerHead)
        /// Points into the bytes given to ``next(_:)``.
        case body(UnsafeRawBufferPointer)
        case end
    }

    private enum State {
        case head
        case length(Int)
        case untilClose
        case chunkSize
        case chunk(Int)
        /// CR LF behind a chunk: so many bytes of it are to come.
        case chunkEnd(Int)
        /// Trailer fields, up to an empty line.
        case trailer
    }

    private let takesUpgrade: Bool
    private var state = State.head
    /// A head, or a line of the chunked coding, that hasn't come whole.
    private var pending: [UInt8] = []

    /// In bytes: twice what the router lets in.
    private static let maximumHead = 32_768

    /// - Parameter takesUpgrade: whether another protocol was asked for, whose bytes are the body of a 101 (RFC 9110,
    ///   section 7.8).
    package init(takesUpgrade: Bool = false) { self.takesUpgrade = takesUpgrade }

    /// Whether the connection may end here without anything being cut.
    package var mayEnd: Bool {
        switch state {
        case .head: pending.isEmpty
        case .untilClose: true
        default: false
        }
    }

    /// The next part of what `rest` holds, which is moved on; `nil` when more bytes are needed.
    package mutating func next(_ rest: inout UnsafeRawBufferPointer) throws(AnswerError) -> Part? {
        while true {
            switch state {
            case .head:
                guard let head = try readHead(&rest) else { return nil }
                return .head(head)
            case .length(0):
                state = .head
                return .end
            case .length(let left):
                guard let body = take(left, &rest) else { return nil }
                state = .length(left - body.count)
                return .body(body)
            case .untilClose:
                guard let body = take(.max, &rest) else { return nil }
                return .body(body)
            case .chunkSize:
                guard let line = try readLine(&rest) else { return nil }
                let size = line.prefix { $0 != UInt8(ascii: ";") }
                guard (1...8).contains(size.count), let size = Int(String(decoding: size, as: UTF8.self), radix: 16),
                    size >= 0
                else { throw AnswerError("a chunk's size is no hexadecimal number") }
                state = size == 0 ? .trailer : .chunk(size)
            case .chunk(let left):
                guard let body = take(left, &rest) else { return nil }
                state = body.count == left ? .chunkEnd(2) : .chunk(left - body.count)
                return .body(body)
            case .chunkEnd(let left):
                guard let byte = rest.first else { return nil }
                guard byte == (left == 2 ? 0x0D : 0x0A) else {
                    throw AnswerError("a chunk is longer than its size says")
                }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
                state = left == 2 ? .chunkEnd(1) : .chunkSize
            case .trailer:
                guard let line = try readLine(&rest) else { return nil }
                guard line.isEmpty else { continue }
                state = .head
                return .end
            }
        }
    }

    private mutating func readHead(_ rest: inout UnsafeRawBufferPointer) throws(AnswerError) -> AnswerHead? {
        var taken = 0
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken)) }
        for byte in rest {
            pending.append(byte)
            taken += 1
            guard pending.count <= Self.maximumHead else { throw AnswerError("the answer's head is over 32 KiB") }
            guard byte == 0x0A, pending.suffix(4).elementsEqual("\r\n\r\n".utf8) else { continue }
            let head = try AnswerHead(String(decoding: pending.dropLast(4), as: UTF8.self))
            pending = []
            state = try framing(head)
            return head
        }
        return nil
    }

    private func framing(_ head: AnswerHead) throws(AnswerError) -> State {
        if head.status == 101 {
            guard takesUpgrade else { throw AnswerError("the answer changes to a protocol that wasn't asked for") }
            return .untilClose
        }
        if head.status < 200 { return .head }
        if head.status == 204 || head.status == 304 { return .length(0) }
        if let coding = head.fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else { throw AnswerError("unknown transfer coding") }
            return .chunkSize
        }
        guard let text = head.fields["content-length"] else { return .untilClose }
        guard let length = Int(text), length >= 0 else { throw AnswerError("Content-Length is no length") }
        return .length(length)
    }

    private func take(_ most: Int, _ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(most))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken.count))
        return taken
    }

    /// A line that ends in CR LF, without that.
    private mutating func readLine(_ rest: inout UnsafeRawBufferPointer) throws(AnswerError) -> [UInt8]? {
        var taken = 0
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken)) }
        for byte in rest {
            taken += 1
            guard byte == 0x0A else {
                pending.append(byte)
                guard pending.count <= 1_024 else { throw AnswerError("a chunk's size is over 1 KiB long") }
                continue
            }
            guard pending.last == 0x0D else { throw AnswerError("a line of the chunked coding ends without CR") }
            defer { pending = [] }
            return pending.dropLast()
        }
        return nil
    }
}
