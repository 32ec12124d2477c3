import NIOCore

/// Frames as a server sends them (RFC 6455, section 5.2): unmasked, each message in one.
package enum WebSocketFrame {
    package static func text(_ payload: [UInt8]) -> ByteBuffer { frame(0x1, payload) }

    package static func binary(_ payload: [UInt8]) -> ByteBuffer { frame(0x2, payload) }

    /// The answer to a ping carries its payload (section 5.5.3).
    package static func pong(_ payload: [UInt8]) -> ByteBuffer { frame(0xA, payload) }

    /// - Parameter code: `nil` in answer to a close frame without one.
    package static func close(_ code: UInt16?, _ reason: String = "") -> ByteBuffer {
        guard let code else { return frame(0x8, []) }
        return frame(0x8, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }

    package static func close(_ reason: CloseReason) -> ByteBuffer { close(reason.code, reason.text) }

    private static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> ByteBuffer {
        let head = head(opcode, payload.count)
        var buffer = ByteBufferAllocator().buffer(capacity: head.count + payload.count)
        buffer.writeBytes(head)
        buffer.writeBytes(payload)
        return buffer
    }

    /// FIN and the opcode, then the length in 7, 16 or 64 bits.
    private static func head(_ opcode: UInt8, _ count: Int) -> [UInt8] {
        switch count {
        case ..<126: [0x80 | opcode, UInt8(count)]
        case ..<65_536: [0x80 | opcode, 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        default: [0x80 | opcode, 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
    }
}
