import HalleyRedis
import NIOCore
import Testing

@Suite struct CommandEncoderTests {
    private func encode(_ command: RedisCommand) throws -> String {
        var buffer = ByteBuffer()
        try CommandEncoder.encode(command, into: &buffer)
        return String(buffer: buffer)
    }

    @Test func writesLengthsAndArguments() throws {
        #expect(try encode(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(
            try encode(RedisCommand("HSET", "key", "n", 42, "big", UInt64.max, "small", Int64.min))
                == "*8\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$1\r\nn\r\n$2\r\n42\r\n$3\r\nbig\r\n$20\r\n18446744073709551615\r\n"
                + "$5\r\nsmall\r\n$20\r\n-9223372036854775808\r\n")
    }

    @Test(arguments: ["%s", "%b%d%n", "x\r\nFLUSHALL\r\n", "a\0b", "", "é", "$3\r\nfoo"])
    func takesContentForNothingButItself(argument: String) throws {
        let length = argument.utf8.count
        #expect(try encode(RedisCommand("ECHO", argument)) == "*2\r\n$4\r\nECHO\r\n$\(length)\r\n\(argument)\r\n")
    }

    @Test func writesEmptyArguments() throws {
        #expect(try encode(RedisCommand("", "")) == "*2\r\n$0\r\n\r\n$0\r\n\r\n")
        #expect(try encode(RedisCommand("SET", "", "v", "")) == "*4\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\nv\r\n$0\r\n\r\n")
    }

    @Test func writesBytesAsTheyAre() throws {
        let payload = (0...255).map { UInt8($0) }
        var buffer = ByteBuffer()
        try CommandEncoder.encode(RedisCommand("ECHO", payload), into: &buffer)
        #expect(Array(buffer.readableBytesView.dropLast(2).suffix(256)) == payload)
    }

    @Test func appends() throws {
        var buffer = ByteBuffer(string: "before")
        try CommandEncoder.encode(RedisCommand("PING"), into: &buffer)
        #expect(String(buffer: buffer) == "before*1\r\n$4\r\nPING\r\n")
    }

    @Test func writesManyArguments() throws {
        let names = (0..<10_000).map { "channel-\($0)" }
        let text = try encode(RedisCommand(arguments: ["SUBSCRIBE"] + names))
        #expect(text.hasPrefix("*10001\r\n$9\r\nSUBSCRIBE\r\n$9\r\nchannel-0\r\n"))
        #expect(text.hasSuffix("$12\r\nchannel-9999\r\n"))
    }

    @Test func refusesWhatIsTooLarge() {
        let payload = [UInt8](repeating: 0, count: CommandEncoder.maximumSize)
        var buffer = ByteBuffer()
        #expect(throws: RedisError.commandTooLarge(bytes: payload.count + 4, limit: CommandEncoder.maximumSize)) {
            try CommandEncoder.encode(RedisCommand("ECHO", payload), into: &buffer)
        }
        #expect(buffer.readableBytes == 0)
    }
}
