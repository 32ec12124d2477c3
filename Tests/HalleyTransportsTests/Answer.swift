import Testing

/// An HTTP answer as a strict client reads it (RFC 9112): its framing is checked to the byte.
struct Answer {
    let status: Int
    /// Names in lower case.
    let fields: [String: String]
    let body: [UInt8]
    /// Whether the body is all there: a stream's isn't, until its last chunk.
    let isWhole: Bool

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Reads answers one after the other.
    static func all(in bytes: [UInt8]) throws -> [Answer] {
        var answers: [Answer] = []
        var rest = bytes[...]
        while !rest.isEmpty { answers.append(try next(in: &rest)) }
        return answers
    }

    private static func next(in rest: inout ArraySlice<UInt8>) throws -> Answer {
        var lines: [String] = []
        while true {
            let line = try line(in: &rest)
            if line.isEmpty { break }
            lines.append(line)
        }
        let first = try #require(lines.first).split(separator: " ", maxSplits: 2)
        try #require(first.count == 3 && first[0] == "HTTP/1.1", "\(lines)")
        let status = try #require(Int(first[1]))
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = try #require(line.firstIndex(of: ":"))
            let name = line[..<colon].lowercased()
            try #require(fields[name] == nil, "\(name) twice")
            fields[name] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        var body: [UInt8] = []
        var isWhole = true
        if fields["transfer-encoding"] == "chunked" {
            try #require(fields["content-length"] == nil)
            (body, isWhole) = try chunks(in: &rest)
        } else if let length = fields["content-length"].flatMap({ Int($0) }) {
            isWhole = rest.count >= length
            body = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        } else if status != 204 {
            try #require(fields["connection"] == "close", "nothing says where the answer ends")
            body = Array(rest)
            rest = []
        }
        return Answer(status: status, fields: fields, body: body, isWhole: isWhole)
    }

    private static func chunks(in rest: inout ArraySlice<UInt8>) throws -> ([UInt8], isWhole: Bool) {
        var body: [UInt8] = []
        while !rest.isEmpty {
            let size = try #require(Int(try line(in: &rest), radix: 16))
            try #require(rest.count >= size + 2, "a torn chunk")
            body.append(contentsOf: rest.prefix(size))
            rest = rest.dropFirst(size)
            try #require(try line(in: &rest).isEmpty)
            if size == 0 { return (body, true) }
        }
        return (body, false)
    }

    private static func line(in rest: inout ArraySlice<UInt8>) throws -> String {
        let end = try #require(rest.firstIndex(of: 0x0A))
        try #require(end > rest.startIndex && rest[end - 1] == 0x0D, "a line must end in CR LF")
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<(end - 1)], as: UTF8.self)
    }
}
