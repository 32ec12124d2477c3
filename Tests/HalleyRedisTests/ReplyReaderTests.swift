import HalleyRedis
import Testing

@Suite struct ReplyReaderTests {
    /// Every kind of value, empty ones, binary ones and nested ones.
    static let stream: [(String, RESPValue)] = [
        ("+OK\r\n", .status("OK")),
        ("+\r\n", .status("")),
        ("-ERR no such thing\r\n", .error(RedisErrorReply("ERR no such thing"))),
        (":9223372036854775807\r\n", .integer(.max)),
        (":-9223372036854775808\r\n", .integer(.min)),
        ("$5\r\nhello\r\n", .bytes(Array("hello".utf8))),
        ("$0\r\n\r\n", .bytes([])),
        ("$7\r\na\r\nb\0%s\r\n", .bytes(Array("a\r\nb\0%s".utf8))),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("*0\r\n", .array([])),
        ("*2\r\n$1\r\na\r\n:1\r\n", .array([.bytes([0x61]), .integer(1)])),
        (
            "*3\r\n*2\r\n*0\r\n*1\r\n:1\r\n-ERR inner\r\n*1\r\n$-1\r\n",
            .array([
                .array([.array([]), .array([.integer(1)])]), .error(RedisErrorReply("ERR inner")), .array([.null]),
            ])
        ),
        (
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n",
            .array([.array([.array([.array([.array([.array([.array([.integer(7)])])])])])])])
        ),
        ("+last\r\n", .status("last")),
    ]

    private static var bytes: [UInt8] { stream.flatMap { Array($0.0.utf8) } }
    private static var values: [RESPValue] { stream.map(\.1) }

    private func read(_ bytes: [UInt8], inPartsOf size: Int, by reader: ReplyReader = ReplyReader()) throws
        -> [RESPValue]
    {
        var values: [RESPValue] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { part in
                try reader.read(part) { values.append($0) }
            }
        }
        return values
    }

    @Test func readsAllAtOnce() throws {
        #expect(try read(Self.bytes, inPartsOf: Self.bytes.count) == Self.values)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 11, 64]) func readsHoweverTheStreamIsCut(size: Int) throws {
        #expect(try read(Self.bytes, inPartsOf: size) == Self.values)
    }

    @Test func readsOneReaderForEver() throws {
        let reader = ReplyReader()
        for _ in 0..<2_000 { #expect(try read(Self.bytes, inPartsOf: 4_096, by: reader) == Self.values) }
    }

    @Test func readsBigValuesInAnyParts() throws {
        let payload = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = Array("*2\r\n$\(payload.count)\r\n".utf8) + payload + Array("\r\n:1\r\n".utf8)
        for size in [1_000, 65_536, bytes.count] {
            #expect(try read(bytes, inPartsOf: size) == [.array([.bytes(payload), .integer(1)])])
        }
    }

    @Test func readsLongArrays() throws {
        let bytes = Array("*100000\r\n".utf8) + Array(repeatElement(Array(":5\r\n".utf8), count: 100_000).joined())
        #expect(try read(bytes, inPartsOf: 1_000) == [.array(Array(repeating: .integer(5), count: 100_000))])
    }

    @Test(arguments: [
        "hello\r\n", "HTTP/1.1 400 Bad Request\r\n", "$abc\r\n", "*x\r\n", ":1x\r\n", "$-2\r\n", "*-5\r\n",
    ])
    func refusesWhatIsNotRESP(text: String) {
        for size in [1, text.utf8.count] {
            let error = #expect(throws: RedisError.self) { try read(Array(text.utf8), inPartsOf: size) }
            guard case .protocolViolation(let what) = error else {
                Issue.record("not a protocol violation: \(String(describing: error))")
                continue
            }
            #expect(!what.isEmpty)
        }
    }

    @Test func staysRefusingAfterAnError() {
        let reader = ReplyReader()
        #expect(throws: RedisError.self) { try read(Array("?\r\n".utf8), inPartsOf: 10, by: reader) }
        #expect(throws: RedisError.self) { try read(Array("+OK\r\n".utf8), inPartsOf: 10, by: reader) }
    }

    @Test func givesWhatCameBeforeAnError() throws {
        var values: [RESPValue] = []
        let bytes = Array("+OK\r\n?\r\n".utf8)
        #expect(throws: RedisError.self) {
            try bytes.withUnsafeBytes { part in try ReplyReader().read(part) { values.append($0) } }
        }
        #expect(values == [.status("OK")])
    }

    @Test func refusesDepthWithoutEnd() {
        let bytes = Array(repeatElement(Array("*1\r\n".utf8), count: 100_000).joined())
        #expect(throws: RedisError.self) { try read(bytes, inPartsOf: 4_096) }
    }

    @Test func boundsAReply() throws {
        let reader = ReplyReader(maximumReplySize: 100_000)
        #expect(
            try read(
                Array("$90000\r\n".utf8) + Array(repeating: 1, count: 90_000) + Array("\r\n".utf8), inPartsOf: 999,
                by: reader
            ).count == 1)
        // Many replies are no large reply.
        #expect(
            try read(Array(repeatElement(Array(":1\r\n".utf8), count: 50_000).joined()), inPartsOf: 65_536, by: reader)
                .count == 50_000)
        #expect(throws: RedisError.self) {
            try read(Array("$2000000000\r\n".utf8) + Array(repeating: 1, count: 150_000), inPartsOf: 999, by: reader)
        }
        let endless = Array("*2147483647\r\n".utf8) + Array(repeatElement(Array(":1\r\n".utf8), count: 50_000).joined())
        #expect(throws: RedisError.self) {
            try read(endless, inPartsOf: 999, by: ReplyReader(maximumReplySize: 100_000))
        }
    }
}
