import HalleyTransports
import NIOCore

/// Frames as a client sends them (RFC 6455, section 5.2), and as it shouldn't.
enum ClientFrame {
    static let continuation: UInt8 = 0x0
    static let text: UInt8 = 0x1
    static let binary: UInt8 = 0x2
    static let close: UInt8 = 0x8
    static let ping: UInt8 = 0x9
    static let pong: UInt8 = 0xA

    /// - Parameters:
    ///   - reserved: the three bits behind FIN.
    ///   - key: `nil` for a frame without a mask.
    ///   - lengthBytes: 0, 2 or 8, where it isn't what the length needs.
    static func bytes(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0,
        key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D], lengthBytes: Int? = nil
    ) -> [UInt8] {
        head(
            opcode, count: UInt64(payload.count), isFinal: isFinal, reserved: reserved, key: key,
            lengthBytes: lengthBytes)
            + payload.enumerated().map { index, byte in key.map { byte ^ $0[index % 4] } ?? byte }
    }

    /// The head of a frame whose payload may never come.
    static func head(
        _ opcode: UInt8, count: UInt64, isFinal: Bool = true, reserved: UInt8 = 0,
        key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D], lengthBytes: Int? = nil
    ) -> [UInt8] {
        let mask: UInt8 = key == nil ? 0 : 0x80
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        switch lengthBytes ?? (count < 126 ? 0 : count < 65_536 ? 2 : 8) {
        case 0: bytes.append(mask | UInt8(count))
        case 2: bytes += [mask | 126, UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        return bytes + (key ?? [])
    }

    static func text(_ text: String, isFinal: Bool = true) -> [UInt8] {
        bytes(Self.text, Array(text.utf8), isFinal: isFinal)
    }

    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
        bytes(close, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }
}

/// What came of some bytes.
struct Reading: Equatable {
    var words: [WebSocketReader.Word] = []
    /// The code that the connection was failed with.
    var failure: UInt16?
    /// How many bytes had been read by then.
    var taken = 0

    static func words(_ words: WebSocketReader.Word...) -> Reading { Reading(words: words) }

    static func failed(_ code: UInt16, after words: WebSocketReader.Word...) -> Reading {
        Reading(words: words, failure: code)
    }

    /// Without regard to where it was read to.
    func isSame(as other: Reading) -> Bool { words == other.words && failure == other.failure }
}

/// Reads bytes in parts of some length.
func read(
    _ bytes: [UInt8], inPartsOf length: Int = .max,
    limits: WebSocketReader.Limits = .init(frame: 1 << 20, message: 1 << 20)
) -> Reading {
    var reader = WebSocketReader(limits: limits)
    var reading = Reading()
    var rest = bytes[...]
    while !rest.isEmpty {
        var part = ByteBuffer(bytes: rest.prefix(length))
        rest = rest.dropFirst(length)
        do {
            while let word = try reader.next(in: &part) { reading.words.append(word) }
            reading.taken = bytes.count - rest.count
        } catch {
            reading.taken = bytes.count - rest.count - part.readableBytes
            reading.failure = error.code
            return reading
        }
    }
    return reading
}

/// Reads bytes at once, one by one and in other parts: the same must come of them.
func readInAnyParts(_ bytes: [UInt8]) -> Reading {
    let whole = read(bytes)
    for length in [1, 2, 3, 5, 7, 64, 997] where length < 64 || bytes.count < 100_000 {
        let parts = read(bytes, inPartsOf: length)
        guard parts.isSame(as: whole) else { return parts }
    }
    return whole
}
