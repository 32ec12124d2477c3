import HalleyTransports
import SeededRandom
import Testing
import ThreadGate

/// Streams of frames, mostly good, against the simplest model: one that has all the bytes at hand.
@Suite(.occupiesThread) struct WebSocketReaderRandomTests {
    @Test(arguments: 0..<40)
    func readsAsTheModelDoes(block: UInt64) {
        for seed in block * 50..<(block + 1) * 50 {
            var random = SeededGenerator(seed: seed)
            var model = Model()
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let frame = Model.Frame(using: &random, isInMessage: model.kind != nil)
                bytes += frame.bytes
                model.take(frame)
                if model.reading.failure != nil { break }
            }
            for length in [1, 2, 3, 11, .max] {
                let reading = read(bytes, inPartsOf: length, limits: Model.limits)
                #expect(reading.isSame(as: model.reading), "seed \(seed), in parts of \(length)")
            }
        }
    }
}

private struct Model {
    static let limits = WebSocketReader.Limits(frame: 300, message: 500)

    struct Frame {
        var opcode: UInt8
        var isFinal: Bool
        var reserved: UInt8 = 0
        var payload: [UInt8]
        var key: [UInt8]?
        var lengthBytes: Int?

        init(using random: inout SeededGenerator, isInMessage: Bool) {
            let usual: [UInt8] = isInMessage ? [0, 0, 0, 9, 10] : [1, 1, 2, 2, 9, 10, 8]
            opcode = random.oneIn(40) ? .random(in: 0...15, using: &random) : usual.randomElement(using: &random) ?? 1
            let isControl = opcode & 8 != 0
            isFinal = isControl ? !random.oneIn(60) : Bool.random(using: &random)
            if random.oneIn(60) { reserved = .random(in: 1...7, using: &random) }
            let most = isControl ? (random.oneIn(30) ? 130 : 125) : random.oneIn(20) ? 320 : 200
            payload = random.bytes(.random(in: 0...most, using: &random))
            if opcode < 2, !random.oneIn(4) { payload = payload.map { $0 & 0x7F } }
            if opcode == 8, payload.count > 1, !random.oneIn(4) {
                payload = [0x03, 0xE8] + payload.dropFirst(2).map { $0 & 0x7F }
            }
            key = random.oneIn(60) ? nil : random.bytes(4)
            if random.oneIn(60) { lengthBytes = payload.count < 126 ? 2 : 8 }
        }

        var bytes: [UInt8] {
            ClientFrame.bytes(
                opcode, payload, isFinal: isFinal, reserved: reserved, key: key, lengthBytes: lengthBytes)
        }
    }

    private(set) var reading = Reading()
    private(set) var kind: UInt8?
    private var message: [UInt8] = []

    mutating func take(_ frame: Frame) {
        let isControl = frame.opcode & 8 != 0
        let isKnown = [0, 1, 2, 8, 9, 10].contains(frame.opcode)
        let isInOrder = isControl || (frame.opcode == 0) == (kind != nil)
        let isShort = frame.lengthBytes == nil
        guard frame.reserved == 0, isKnown, isInOrder, frame.isFinal || !isControl, frame.key != nil,
            !isControl || (frame.payload.count < 126 && isShort), isShort
        else { return fail(1002) }
        if isControl { return takeControl(frame) }
        guard frame.payload.count <= Self.limits.frame, message.count + frame.payload.count <= Self.limits.message
        else {
            return fail(1009)
        }
        kind = kind ?? frame.opcode
        message += frame.payload
        // Text may still end here, or go on.
        let ends: [[UInt8]] =
            frame.isFinal ? [[]] : [[], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xA0, 0x80], [0x90, 0x80, 0x80]]
        let isText = ends.contains { String(validating: message + $0, as: UTF8.self) != nil }
        guard kind == 2 || isText else { return fail(1007) }
        guard frame.isFinal else { return }
        reading.words.append(kind == 1 ? .text(message) : .binary(message))
        kind = nil
        message = []
    }

    private mutating func takeControl(_ frame: Frame) {
        switch frame.opcode {
        case 9: reading.words.append(.ping(frame.payload))
        case 10: reading.words.append(.pong)
        default:
            guard !frame.payload.isEmpty else { return reading.words.append(.close(nil)) }
            guard frame.payload.count > 1 else { return fail(1002) }
            let code = UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
            guard [1000...1003, 1007...1014, 3000...4999].contains(where: { $0.contains(code) }) else {
                return fail(1002)
            }
            guard String(validating: frame.payload.dropFirst(2), as: UTF8.self) != nil else { return fail(1007) }
            reading.words.append(.close(code))
        }
    }

    private mutating func fail(_ code: UInt16) { reading.failure = code }
}
