import NIOCore

/// Reads what a client sends on a WebSocket (RFC 6455, section 5): frames, put together to messages.
///
/// It takes bytes as they come and keeps of them only the payload: a length is judged before any of it is read, text is
/// checked as it comes (section 8.1), and nothing that a peer says about the future takes memory.
package struct WebSocketReader {
    /// What has come.
    package enum Word: Equatable {
        case text([UInt8])
        case binary([UInt8])
        case ping([UInt8])
        case pong
        /// `nil` where the frame had no code.
        case close(UInt16?)
    }

    package struct Limits: Equatable, Sendable {
        /// The largest payload of one frame, in bytes.
        package var frame: Int
        /// The largest message, all its fragments together, in bytes.
        package var message: Int

        package init(frame: Int, message: Int) {
            self.frame = frame
            self.message = message
        }
    }

    private enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA

        var isControl: Bool { rawValue & 0x8 != 0 }
    }

    /// What the next byte is.
    private enum Part {
        case opcode
        case length
        /// So many bytes of an extended length are still missing.
        case longLength(Int)
        /// So many bytes of the key.
        case mask(Int)
        case payload
    }

    private var part = Part.opcode
    private var opcode = Opcode.continuation
    private var isFinal = false
    private var isLong64 = false
    /// The frame's payload bytes still to come; while the length is being read, what of it has come.
    private var missing: UInt64 = 0
    private var keyBytes: UInt32 = 0
    private var key = MaskingKey((0, 0, 0, 0))
    /// Of the message whose fragments are coming; `nil` between two.
    private var kind: Opcode?
    private var message: [UInt8] = []
    private var control: [UInt8] = []
    private var utf8 = UTF8Check()
    private let limits: Limits

    package init(limits: Limits) { self.limits = limits }

    /// Whether a frame or a message has begun and hasn't ended.
    package var isInMidst: Bool {
        if kind != nil { return true }
        if case .opcode = part { return false }
        return true
    }

    /// The next that is whole. Reads, and takes out of the buffer, as far as it has to.
    ///
    /// - Returns: `nil` when all bytes are read.
    /// - Throws: the ``CloseReason`` that the connection is to be failed with (section 7.1.7); read no further then.
    package mutating func next(in bytes: inout ByteBuffer) throws(CloseReason) -> Word? {
        while true {
            if case .payload = part {
                if missing > 0 {
                    guard bytes.readableBytes > 0 else { return nil }
                    try takePayload(from: &bytes)
                }
                guard missing == 0 else { return nil }
                part = .opcode
                if let word = try endFrame() { return word }
            } else {
                guard let byte = bytes.readInteger(as: UInt8.self) else { return nil }
                try takeHead(byte)
            }
        }
    }

    // MARK: - The head of a frame, section 5.2

    private mutating func takeHead(_ byte: UInt8) throws(CloseReason) {
        switch part {
        case .opcode: try takeOpcode(byte)
        case .length: try takeLength(byte)
        case .longLength(let rest):
            // The first bit must be 0, and Int holds what is left.
            guard !(isLong64 && rest == 8 && byte > 0x7F) else { throw Self.badLength }
            missing = missing << 8 | UInt64(byte)
            part = .longLength(rest - 1)
            guard rest == 1 else { return }
            guard missing > (isLong64 ? 0xFFFF : 125) else { throw Self.badLength }
            try beginPayload()
        case .mask(let rest):
            keyBytes = keyBytes << 8 | UInt32(byte)
            part = rest > 1 ? .mask(rest - 1) : .payload
            guard rest == 1 else { return }
            key = MaskingKey(
                (
                    UInt8(keyBytes >> 24), UInt8(keyBytes >> 16 & 0xFF), UInt8(keyBytes >> 8 & 0xFF),
                    UInt8(keyBytes & 0xFF)
                ))
        case .payload: break
        }
    }

    private mutating func takeOpcode(_ byte: UInt8) throws(CloseReason) {
        guard byte & 0x70 == 0 else { throw CloseReason(.protocolError, "a reserved bit is set") }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else {
            throw CloseReason(.protocolError, "a reserved opcode")
        }
        isFinal = byte & 0x80 != 0
        self.opcode = opcode
        switch opcode {
        case .continuation:
            guard kind != nil else { throw CloseReason(.protocolError, "a continuation of no message") }
        case .text, .binary:
            guard kind == nil else { throw CloseReason(.protocolError, "a message within a fragmented one") }
        case .close, .ping, .pong:
            guard isFinal else { throw CloseReason(.protocolError, "a fragmented control frame") }
        }
        part = .length
    }

    private mutating func takeLength(_ byte: UInt8) throws(CloseReason) {
        guard byte & 0x80 != 0 else { throw CloseReason(.protocolError, "a client's frame is not masked") }
        let length = byte & 0x7F
        guard length < 126 || !opcode.isControl else {
            throw CloseReason(.protocolError, "a control frame has at most 125 bytes")
        }
        isLong64 = length == 127
        missing = length < 126 ? UInt64(length) : 0
        switch length {
        case 126: part = .longLength(2)
        case 127: part = .longLength(8)
        default: try beginPayload()
        }
    }

    /// The length is known: it is judged before anything is read, section 10.4.
    private mutating func beginPayload() throws(CloseReason) {
        part = .mask(4)
        guard !opcode.isControl else { return }
        guard missing <= UInt64(limits.frame), missing <= UInt64(limits.message - message.count) else {
            throw CloseReason(.messageTooBig, "a message has at most \(limits.message) bytes")
        }
        if opcode != .continuation {
            kind = opcode
            utf8 = UTF8Check()
        }
    }

    private static let badLength = CloseReason(.protocolError, "a length in more bytes than it needs")

    // MARK: - Payload

    private mutating func takePayload(from bytes: inout ByteBuffer) throws(CloseReason) {
        let count = Int(min(missing, UInt64(bytes.readableBytes)))
        missing -= UInt64(count)
        let part = bytes.readSlice(length: count) ?? ByteBuffer()
        guard opcode.isControl else {
            let start = message.count
            Self.append(part, to: &message, unmaskedBy: &key)
            guard kind == .text else { return }
            let isText = message.withUnsafeBytes { utf8.takes(UnsafeRawBufferPointer(rebasing: $0[start...])) }
            guard isText else { throw CloseReason(.invalidPayload, "text must be UTF-8") }
            return
        }
        Self.append(part, to: &control, unmaskedBy: &key)
        if opcode == .close { try checkClose(isWhole: false) }
    }

    private static func append(_ part: ByteBuffer, to payload: inout [UInt8], unmaskedBy key: inout MaskingKey) {
        let start = payload.count
        part.withUnsafeReadableBytes { payload.append(contentsOf: $0) }
        payload.withUnsafeMutableBytes { key.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
    }

    /// - Returns: what the frame completes.
    private mutating func endFrame() throws(CloseReason) -> Word? {
        switch opcode {
        case .close:
            try checkClose(isWhole: true)
            defer { control = [] }
            return .close(control.isEmpty ? nil : code)
        case .ping:
            defer { control = [] }
            return .ping(control)
        case .pong:
            control = []
            return .pong
        case .continuation, .text, .binary:
            guard isFinal else { return nil }
            let isText = kind == .text
            kind = nil
            guard !isText || utf8.isComplete else {
                throw CloseReason(.invalidPayload, "text must end with a whole character")
            }
            defer { message = [] }
            return isText ? .text(message) : .binary(message)
        }
    }

    private var code: UInt16 { UInt16(control[0]) << 8 | UInt16(control[1]) }

    /// A close frame's code and reason, section 5.5.1.
    private func checkClose(isWhole: Bool) throws(CloseReason) {
        if isWhole, control.count == 1 { throw CloseReason(.protocolError, "half a close code") }
        guard control.count >= 2 else { return }
        guard CloseReason.mayBeReceived(code) else {
            throw CloseReason(.protocolError, "a close code that may not be sent")
        }
        var utf8 = UTF8Check()
        let isText = control.withUnsafeBytes { utf8.takes(UnsafeRawBufferPointer(rebasing: $0[2...])) }
        guard isText, !isWhole || utf8.isComplete else {
            throw CloseReason(.invalidPayload, "a close reason must be UTF-8")
        }
    }
}
