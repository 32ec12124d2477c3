import HalleyTransports
import NIOCore
import Testing
import ThreadGate

/// RFC 6455, section 5 and what it refers to, from the side of who reads a client's frames. The numbers of Autobahn's cases,
/// whose behaviours these are, stand beside.
@Suite(.occupiesThread) struct WebSocketReaderTests {
    typealias Frame = ClientFrame

    private func expect(_ bytes: [UInt8]..., gives expected: Reading, _ line: SourceLocation = #_sourceLocation) {
        let reading = readInAnyParts(Array(bytes.joined()))
        #expect(reading.isSame(as: expected), sourceLocation: line)
    }

    // MARK: - 5.2, base framing

    @Test(arguments: [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 70_000])
    func section5_2_lengthsOfEveryForm(count: Int) {  // 1.1, 1.2
        let payload = (0..<count).map { UInt8(0x20 + $0 % 0x5F) }
        expect(Frame.bytes(Frame.text, payload), gives: .words(.text(payload)))
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        expect(Frame.bytes(Frame.binary, bytes), gives: .words(.binary(bytes)))
    }

    @Test(arguments: [UInt8(1), 2, 3, 4, 5, 6, 7])
    func section5_2_reservedBits(bits: UInt8) {  // 3.1 to 3.7
        for opcode in [Frame.text, Frame.binary, Frame.close, Frame.ping, Frame.pong] {
            expect(
                Frame.text("before"), Frame.bytes(opcode, [1, 2], reserved: bits), Frame.bytes(Frame.ping),
                gives: .failed(1002, after: .text(Array("before".utf8))))
        }
    }

    @Test(arguments: [UInt8(3), 4, 5, 6, 7, 11, 12, 13, 14, 15])
    func section5_2_reservedOpcodes(opcode: UInt8) {  // 4.1, 4.2
        for payload in [[], [1]] as [[UInt8]] {
            expect(
                Frame.text("before"), Frame.bytes(opcode, payload), Frame.bytes(Frame.ping),
                gives: .failed(1002, after: .text(Array("before".utf8))))
        }
    }

    @Test func section5_2_theShortestFormOfALength() {
        expect(Frame.bytes(Frame.text, Array(repeating: 0x61, count: 125), lengthBytes: 2), gives: .failed(1002))
        expect(Frame.bytes(Frame.text, Array(repeating: 0x61, count: 65_535), lengthBytes: 8), gives: .failed(1002))
        expect(Frame.bytes(Frame.text, [], lengthBytes: 2), gives: .failed(1002))
        expect(Frame.bytes(Frame.text, [], lengthBytes: 8), gives: .failed(1002))
    }

    @Test func section5_2_theMostSignificantBitOfALength() {
        for count in [UInt64(1) << 63, .max] {
            expect(Frame.head(Frame.binary, count: count), gives: .failed(1002))
            // Nothing is waited for.
            let reading = read(Array(Frame.head(Frame.binary, count: count).prefix(3)), inPartsOf: 1)
            #expect(reading == Reading(failure: 1002, taken: 3))
        }
    }

    // MARK: - 5.1 and 5.3, masking

    @Test func section5_1_aFrameWithoutAMask() {
        for opcode in [Frame.text, Frame.ping, Frame.close] {
            expect(Frame.bytes(opcode, [], key: nil), gives: .failed(1002))
        }
    }

    @Test func section5_3_masking() {
        let key: [UInt8] = [0x01, 0x80, 0xFF, 0x00]
        for count in 0..<70 {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73) }
            expect(Frame.bytes(Frame.binary, payload, key: key), gives: .words(.binary(payload)))
        }
        #expect(
            read([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]).words == [
                .text(Array("Hello".utf8))
            ])
    }

    // MARK: - 5.4, fragmentation

    @Test func section5_4_fragments() {  // 5.3 to 5.8
        let all = Array("fragment1fragment2".utf8)
        for cut in 0...all.count {
            let first = Frame.bytes(Frame.text, Array(all[..<cut]), isFinal: false)
            let second = Frame.bytes(Frame.continuation, Array(all[cut...]))
            expect(first, second, gives: .words(.text(all)))
            expect(first, Frame.bytes(Frame.ping, [7]), second, gives: .words(.ping([7]), .text(all)))
        }
    }

    @Test func section5_4_emptyFragments() {  // 6.1
        let end = Frame.bytes(Frame.continuation)
        let middle = Frame.bytes(Frame.continuation, isFinal: false)
        expect(Frame.bytes(Frame.text, isFinal: false), middle, end, gives: .words(.text([])))
        expect(
            Frame.bytes(Frame.text, isFinal: false), Frame.bytes(Frame.continuation, [0x61], isFinal: false), end,
            gives: .words(.text([0x61])))
    }

    @Test func section5_4_controlFramesBetweenFragments() {  // 5.6 to 5.8, 5.19, 5.20
        let part = Frame.bytes(Frame.continuation, [0x62], isFinal: false)
        expect(
            Frame.text("a", isFinal: false), part, Frame.bytes(Frame.ping, [1]), part, Frame.bytes(Frame.pong, [2]),
            part, Frame.bytes(Frame.ping, [3]), Frame.bytes(Frame.continuation, [0x63]),
            gives: .words(.ping([1]), .pong, .ping([3]), .text(Array("abbbc".utf8))))
    }

    @Test func section5_4_continuationsOfNothing() {  // 5.9 to 5.17
        for isFinal in [true, false] {
            expect(Frame.bytes(Frame.continuation, [1], isFinal: isFinal), gives: .failed(1002))
            expect(
                Frame.text("a"), Frame.bytes(Frame.continuation, isFinal: isFinal),
                gives: .failed(1002, after: .text([0x61])))
        }
        expect(
            Frame.text("a", isFinal: false), Frame.bytes(Frame.continuation, [0x62]),
            Frame.bytes(Frame.continuation, [0x63]), gives: .failed(1002, after: .text([0x61, 0x62])))
    }

    @Test func section5_4_aMessageWithinAMessage() {  // 5.18
        for opcode in [Frame.text, Frame.binary] {
            for isFinal in [true, false] {
                expect(
                    Frame.text("a", isFinal: false), Frame.bytes(opcode, [0x62], isFinal: isFinal), gives: .failed(1002)
                )
            }
        }
    }

    // MARK: - 5.5, control frames

    @Test func section5_5_controlFramesAreWholeAndShort() {  // 2.5, 5.1, 5.2, 7.3.6
        for opcode in [Frame.close, Frame.ping, Frame.pong] {
            expect(Frame.bytes(opcode, [], isFinal: false), gives: .failed(1002))
            expect(Frame.bytes(opcode, Array(repeating: 0xFE, count: 126)), gives: .failed(1002))
            expect(Frame.bytes(opcode, [1], lengthBytes: 2), gives: .failed(1002))
        }
    }

    @Test func section5_5_2_pings() {  // 2.1 to 2.4, 2.10
        for payload in [[], Array("Hello".utf8), [0, 0xFF, 0xFE, 0xFD], Array(repeating: 0xFE, count: 125)] as [[UInt8]]
        {
            expect(Frame.bytes(Frame.ping, payload), gives: .words(.ping(payload)))
        }
        let ten = (0..<10).map { Frame.bytes(Frame.ping, [UInt8($0)]) }
        expect(Array(ten.joined()), gives: Reading(words: (0..<10).map { .ping([UInt8($0)]) }))
    }

    @Test func section5_5_3_pongsThatNobodyAskedFor() {  // 2.7 to 2.9
        expect(
            Frame.bytes(Frame.pong), Frame.bytes(Frame.pong, [1, 2]), Frame.bytes(Frame.ping, [3]),
            gives: .words(.pong, .pong, .ping([3])))
    }

    // MARK: - 5.5.1 and 7.4, closing

    @Test func section5_5_1_close() {  // 7.3.1 to 7.3.5
        expect(Frame.bytes(Frame.close), gives: .words(.close(nil)))
        expect(Frame.bytes(Frame.close, [3]), gives: .failed(1002))
        expect(Frame.close(1000), gives: .words(.close(1000)))
        expect(Frame.close(1000, Array("Hello World!".utf8)), gives: .words(.close(1000)))
        expect(Frame.close(1000, Array(repeating: 0x2A, count: 123)), gives: .words(.close(1000)))
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
    func section7_4_codesThatMayBeSent(code: UInt16) {  // 7.7
        expect(Frame.close(code), gives: .words(.close(code)))
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
    func section7_4_codesThatMayNotBeSent(code: UInt16) {  // 7.9, 7.13
        expect(Frame.close(code), gives: .failed(1002))
        expect(Frame.close(code, Array("why".utf8)), gives: .failed(1002))
    }

    @Test func section5_5_1_theReasonIsUTF8() {  // 7.5.1
        expect(Frame.close(1000, [0xCE, 0xBA, 0xE1, 0xBD, 0xB9]), gives: .words(.close(1000)))
        expect(Frame.close(1000, [0xCE, 0xBA, 0xED, 0xA0, 0x80]), gives: .failed(1007))
        expect(Frame.close(1000, [0xCE]), gives: .failed(1007))
    }

    // MARK: - 8.1, UTF-8

    @Test func section8_1_textIsUTF8() {  // 6.2, 6.5 to 6.11, 6.22, 6.23
        for text in [
            "κόσμε", "\u{0}", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFD}",
            "\u{FFFF}", "\u{10000}", "\u{10FFFF}", "Hello-µ@ßöäüàá-UTF-8!!",
        ] {
            expect(Frame.text(text), gives: .words(.text(Array(text.utf8))))
            // Cut within characters as well, by one byte a fragment.
            let parts = text.utf8.map { Frame.bytes(Frame.continuation, [$0], isFinal: false) }
            expect(
                Frame.text("", isFinal: false), Array(parts.joined()), Frame.bytes(Frame.continuation),
                gives: .words(.text(Array(text.utf8))))
        }
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0x80, 0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2, 0x20], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func section8_1_whatIsNoUTF8(bytes: [UInt8]) {  // 6.3, 6.6, 6.12 to 6.21
        expect(Frame.bytes(Frame.text, bytes), gives: .failed(1007))
        expect(Frame.bytes(Frame.text, Array("κόσμε".utf8) + bytes + [0x61]), gives: .failed(1007))
        expect(Frame.bytes(Frame.binary, bytes), gives: .words(.binary(bytes)))
    }

    @Test func section8_1_textEndsWithAWholeCharacter() {  // 6.6
        for bytes in [[0xCE], [0xE1, 0xBD], [0xF0, 0x9F, 0x98]] as [[UInt8]] {
            expect(Frame.bytes(Frame.text, bytes), gives: .failed(1007))
            // The next fragment could have had the rest.
            expect(Frame.bytes(Frame.text, bytes, isFinal: false), gives: .words())
        }
    }

    /// As soon as no text can have the bytes, be the frame, or the message, at its end or not.
    @Test func section8_1_asEarlyAsTheBytesAllow() {  // 6.4
        let good = Array("κόσμε".utf8)
        let bad = Frame.bytes(Frame.text, good + [0xF4, 0x90, 0x80, 0x80] + Array("edited".utf8))
        let reading = read(bad, inPartsOf: 1)
        #expect(reading.failure == 1007)
        #expect(reading.taken == 6 + good.count + 2, "0x90 can't follow 0xF4")
        let fragments =
            Frame.bytes(Frame.text, good + [0xF4], isFinal: false) + Frame.head(Frame.continuation, count: 9)
        #expect(read(fragments + [0x90 ^ 0x37], inPartsOf: 1).failure == 1007)
        let close = Frame.close(1000, [0xED, 0xA0, 0x80, 0x61, 0x61])
        #expect(read(Array(close.prefix(10)), inPartsOf: 1).failure == 1007)
    }

    // MARK: - 10.4, limits

    @Test func section10_4_aFrameOverTheLimit() {
        let limits = WebSocketReader.Limits(frame: 1_000, message: 1_500)
        for count in [UInt64(1_001), 65_536, 1 << 30, 1 << 62] {
            let reading = read(Frame.head(Frame.binary, count: count), limits: limits)
            #expect(reading.failure == 1009, "\(count), and nothing of it has come")
        }
        #expect(read(Frame.bytes(Frame.binary, Array(repeating: 1, count: 1_000)), limits: limits).words.count == 1)
    }

    @Test func section10_4_aMessageOverTheLimit() {
        let limits = WebSocketReader.Limits(frame: 1_000, message: 1_500)
        let part = Array(repeating: UInt8(0x61), count: 1_000)
        let first = Frame.bytes(Frame.text, part, isFinal: false)
        #expect(read(first + Frame.head(Frame.continuation, count: 501), limits: limits).failure == 1009)
        let rest = Frame.bytes(Frame.continuation, Array(part.prefix(500)))
        #expect(read(first + rest, limits: limits).words == [.text(Array(repeating: 0x61, count: 1_500))])
        // The next message has the whole of it again.
        #expect(read(first + rest + first + rest, limits: limits).words.count == 2)
    }

    @Test func section10_4_fragmentsOfNothing() {
        let empty = Frame.bytes(Frame.continuation, isFinal: false)
        let many = Frame.bytes(Frame.text, isFinal: false) + Array(repeatElement(empty, count: 200_000).joined())
        var reader = WebSocketReader(limits: .init(frame: 1_000, message: 1_000))
        var bytes = ByteBuffer(bytes: many)
        #expect(throws: Never.self) { try reader.next(in: &bytes) == nil }
        #expect(reader.isInMidst)
        bytes = ByteBuffer(bytes: Frame.bytes(Frame.continuation))
        #expect(throws: Never.self) { try #require(try reader.next(in: &bytes) == .text([])) }
        #expect(!reader.isInMidst)
    }

    // MARK: - Large messages, and such that come in many parts

    @Test(arguments: [1 << 16, 1 << 20, 1 << 24])
    func largeMessages(count: Int) {  // 9.1, 9.2, 9.7, 9.8
        let limits = WebSocketReader.Limits(frame: 1 << 24, message: 1 << 24)
        let payload = [UInt8](repeating: 0x2A, count: count)
        #expect(read(Frame.bytes(Frame.text, payload), limits: limits).words == [.text(payload)])
        #expect(read(Frame.bytes(Frame.binary, payload), inPartsOf: 1_460, limits: limits).words == [.binary(payload)])
    }

    @Test(arguments: [64, 256, 1_024, 65_536])
    func largeMessagesInFragments(length: Int) {  // 9.3, 9.4, 10.1
        let limits = WebSocketReader.Limits(frame: 1 << 22, message: 1 << 22)
        let payload = (0..<1 << 22).map { UInt8(0x20 + $0 % 0x5F) }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: payload.count, by: length) {
            let end = min(start + length, payload.count)
            bytes += Frame.bytes(
                start == 0 ? Frame.text : Frame.continuation, Array(payload[start..<end]), isFinal: end == payload.count
            )
        }
        #expect(read(bytes, inPartsOf: 16_384, limits: limits).words == [.text(payload)])
    }
}
