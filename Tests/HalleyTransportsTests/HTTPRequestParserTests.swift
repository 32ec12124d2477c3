import HalleyTransports
import NIOCore
import SeededRandom
import Testing

@Suite struct HTTPRequestParserTests {
    /// What a parser made of bytes, in a form that compares.
    private struct Reading: Equatable, CustomStringConvertible {
        var requests: [String] = []
        var status: Int?

        var description: String { "\(requests) \(status.map(String.init) ?? "and more to come")" }
    }

    private func read(_ pieces: some Sequence<some Collection<UInt8>>) -> Reading {
        var parser = HTTPRequestParser()
        var reading = Reading()
        do throws(HTTPRequestError) {
            for piece in pieces {
                try parser.append(ByteBuffer(bytes: piece))
                while let request = try parser.next() {
                    let fields = request.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                    reading.requests.append("\(request.method) \(request.path)?\(request.query) \(fields)")
                }
            }
        } catch {
            reading.status = error.status.rawValue
        }
        return reading
    }

    /// All at once, a byte at a time, and in random pieces: the same.
    private func read(_ text: String) -> Reading {
        let bytes = Array(text.utf8)
        let reading = read([bytes])
        #expect(read(bytes.map { [$0] }) == reading, "a byte at a time")
        var random = SeededGenerator(seed: UInt64(bytes.count))
        var rest = bytes[...]
        var pieces: [ArraySlice<UInt8>] = []
        while !rest.isEmpty {
            pieces.append(rest.prefix(Int.random(in: 1...40, using: &random)))
            rest = rest.dropFirst(pieces[pieces.count - 1].count)
        }
        #expect(read(pieces) == reading, "in pieces")
        return reading
    }

    private func head(_ fields: String..., line: String = "GET /events?channel=news HTTP/1.1", host: Bool = true)
        -> String
    {
        line + "\r\n" + (host ? "Host: a\r\n" : "") + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    // MARK: - What is read

    @Test func aHeadIsTakenApart() {
        #expect(
            read(head("Accept: text/event-stream", "X-Empty:", "X-Space: \t a b \t"))
                == Reading(requests: [
                    "GET /events?channel=news host=a,accept=text/event-stream,x-empty=,x-space=a b"
                ]))
    }

    @Test func requestsFollowEachOther() {
        #expect(
            read(head() + head(line: "GET /b HTTP/1.1") + "GET /c")
                == Reading(requests: ["GET /events?channel=news host=a", "GET /b? host=a"]))
    }

    @Test func emptyLinesBeforeARequestArePassedOver() {
        #expect(read("\r\n\r\n\r\n" + head() + "\r\n\r\n" + head()).requests.count == 2)
        #expect(read("\r\n\r\n") == Reading())
    }

    @Test func HTTP10NeedsNoHostAndKeepsNothingAlive() throws {
        var parser = HTTPRequestParser()
        try parser.append(ByteBuffer(string: head(line: "GET / HTTP/1.0", host: false)))
        let request = try #require(try parser.next())
        #expect(!request.isHTTP11)
        #expect(!request.keepsAlive)
    }

    @Test(arguments: [
        ("", true), ("Connection: close", false), ("Connection: keep-alive, Close", false),
        ("Connection: keep-alive", true),
        ("Connection: x\r\nConnection: close", false),
    ])
    func theConnectionFieldEndsTheConnection(field: String, keepsAlive: Bool) throws {
        var parser = HTTPRequestParser()
        try parser.append(ByteBuffer(string: field.isEmpty ? head() : head(field)))
        #expect(try #require(try parser.next()).keepsAlive == keepsAlive)
    }

    @Test func aQuestionMarkInTheQueryStays() throws {
        #expect(read(head(line: "GET /a?b=c?d HTTP/1.1")).requests == ["GET /a?b=c?d host=a"])
    }

    @Test func nothingIsKeptBetweenRequests() throws {
        var parser = HTTPRequestParser()
        #expect(parser.isEmpty)
        try parser.append(ByteBuffer(string: head() + "G"))
        #expect(try parser.next() != nil)
        #expect(!parser.isEmpty)
        try parser.append(ByteBuffer(string: "ET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(try parser.next() != nil)
        #expect(parser.isEmpty)
    }

    // MARK: - What is refused

    /// The hard cases, by name: one request or one refusal, never two requests.
    static let refused: [(name: String, text: String, status: Int)] = [
        (
            "Content-Length and Transfer-Encoding",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
        ),
        ("two Content-Lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
        ("two lengths in one field", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n", 400),
        (
            "Transfer-Encoding with a space before the colon",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400
        ),
        ("Transfer-Encoding", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("Transfer-Encoding identity", "GET / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: identity\r\n\r\n", 400),
        ("Transfer-Encoding on HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("Content-Length 2^63", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 413),
        ("Content-Length of a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("empty Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
        ("signed Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n", 400),
        ("negative Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("hexadecimal Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n", 400),
        ("empty field name", "GET / HTTP/1.1\r\nHost: a\r\n: value\r\n\r\n", 400),
        ("a field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400),
        ("a folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
        ("a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        ("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        ("NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 400),
        ("DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}b\r\n\r\n", 400),
        ("bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        ("bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
        ("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        ("a field smuggled behind bare LF", "GET / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 5\r\n\r\nhello", 400),
        ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("two Hosts on HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("absolute form", "GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("an empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a control character in the target", "GET /\u{01} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("raw UTF-8 in the target", "GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a method that is no token", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("HTTP/0.9", "GET /\r\n\r\n", 400),
        ("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("http in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 505),
        ("HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 505),
        ("a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    ]

    @Test(arguments: refused.indices)
    func isRefusedAtOnceAndNothingAfterItIsRead(index: Int) {
        let (name, text, status) = Self.refused[index]
        let reading = read(text + head())
        #expect(reading == Reading(status: status), "\(name)")
    }

    @Test func aHeadWithNoEndButBareLineFeedsIsNoHead() {
        #expect(read("GET / HTTP/1.1\nHost: a\n\n") == Reading())
    }

    @Test(arguments: ["0", "000", "0000000000000000000000"])
    func aLengthOfNothingIsNoBody(length: String) {
        #expect(read(head("Content-Length: \(length)")).requests.count == 1)
    }

    // MARK: - Bounds

    private func head(bytes: Int) -> String {
        let empty = head("X: ")
        return head("X: " + String(repeating: "x", count: bytes - empty.utf8.count))
    }

    @Test func aHeadMayHave16KiBAndNotAByteMore() {
        #expect(read(head(bytes: 16_384)).requests.count == 1)
        #expect(read(head(bytes: 16_385)) == Reading(status: 431))
        #expect(read(head(bytes: 17_408)) == Reading(status: 431))
    }

    @Test func aMegabyteOfQueryOrOfLeadingZerosIsRefused() {
        let megabyte = String(repeating: "0", count: 1 << 20)
        #expect(read([Array("GET /?\(megabyte)".utf8)]) == Reading(status: 431))
        #expect(read([Array("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \(megabyte)".utf8)]) == Reading(status: 431))
        #expect(read(Array("GET /?\(megabyte)".utf8).map { [$0] }) == Reading(status: 431))
    }

    @Test func aHeadMayHaveAHundredFieldsAndNotOneMore() {
        let fields = { (count: Int) in (1..<count).map { "X-\($0): a\r\n" }.joined() }
        let head = { (count: Int) in "GET / HTTP/1.1\r\nHost: a\r\n" + fields(count) + "\r\n" }
        #expect(read(head(100)).requests.count == 1)
        #expect(read(head(101)) == Reading(status: 431))
    }

    @Test func whatWaitsBehindARequestIsBounded() {
        var parser = HTTPRequestParser()
        #expect(throws: HTTPRequestError.self) {
            for _ in 0..<1_000 { try parser.append(ByteBuffer(string: head())) }
        }
    }

    @Test func noErrorEchoesWhatCame() {
        var parser = HTTPRequestParser()
        do {
            try parser.append(ByteBuffer(string: head("evil\u{1B}[31m: x")))
            _ = try parser.next()
            Issue.record("it was read")
        } catch {
            #expect(!error.description.contains("evil"))
        }
    }

    @Test(arguments: 0..<300)
    func randomBytesHarmNothing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Pieces of requests, glued at random, with a few bytes changed.
        let words = [
            "GET ", "POST ", "/", "/events?channel=news", " HTTP/1.1", " HTTP/1.0", "\r\n", "\r\n\r\n", "\n", "\r",
            "Host: a",
            ": ", "Content-Length: ", "0", "Transfer-Encoding: chunked", " ", "\t", "X: y", "\u{0}",
        ]
        var text = random.oneIn(2) ? head() : ""
        for _ in 0..<Int.random(in: 1...30, using: &random) { text += words.randomElement(using: &random) ?? "" }
        _ = read(text)
    }
}
