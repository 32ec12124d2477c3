import HalleyRedis
import Testing

@Suite struct RESPValueTests {
    @Test func readsAsBytesTextAndNumbers() {
        #expect(RESPValue.bytes([0, 0xFF]).bytes == [0, 0xFF])
        #expect(RESPValue.bytes([0, 0xFF]).string == nil)
        #expect(RESPValue.status("OK").string == "OK")
        #expect(RESPValue.status("OK").bytes == Array("OK".utf8))
        #expect(RESPValue.integer(-3).integer == -3)
        #expect(RESPValue.bytes(Array("42".utf8)).integer == 42)
        #expect(RESPValue.bytes(Array("4x".utf8)).integer == nil)
        #expect(RESPValue.status("42").integer == nil)
        #expect(RESPValue.null.isNull)
        #expect(RESPValue.null.string == nil)
        #expect(RESPValue.array([.null]).array == [.null])
    }

    @Test func readsPairs() {
        let reply = RESPValue.array([.bytes(Array("a".utf8)), .integer(1), .bytes(Array("b".utf8)), .null])
        #expect(reply.pairs == ["a": .integer(1), "b": .null])
        #expect(RESPValue.array([]).pairs == [:])
        #expect(RESPValue.array([.integer(1)]).pairs == nil)
        #expect(RESPValue.array([.integer(1), .integer(2)]).pairs == nil)
        #expect(RESPValue.null.pairs == nil)
    }

    @Test func describesWithoutContent() {
        #expect("\(RESPValue.bytes(Array("secret".utf8)))" == "string of 6 bytes")
        #expect("\(RESPValue.array([.null, .null]))" == "array of 2")
        #expect("\(RESPValue.error(RedisErrorReply("WRONGPASS for hunter2")))" == "error WRONGPASS")
    }
}
