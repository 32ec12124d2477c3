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

    /// FIN and the opcode, the length in 7, 16 or 64 bits, and the payload.
    private static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> ByteBuffer {
        let head = payload.count < 126 ? 2 : payload.count < 65_536 ? 4 : 10
        var buffer = ByteBufferAllocator().buffer(capacity: head + payload.count)
        buffer.writeInteger(0x80 | opcode)
        switch payload.count {
        case ..<126: buffer.writeInteger(UInt8(payload.count))
        case ..<65_536: buffer.writeMultipleIntegers(126 as UInt8, UInt16(payload.count))
        default: buffer.writeMultipleIntegers(127 as UInt8, UInt64(payload.count))
        }
        buffer.writeBytes(payload)
        return buffer
    }
}
