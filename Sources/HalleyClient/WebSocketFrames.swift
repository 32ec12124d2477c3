/// Frames of a WebSocket as a client reads and writes them (RFC 6455, section 5).
package struct WebSocketFrames {
    /// What a server says. Fragments have been joined.
    package enum Frame: Equatable {
        case text([UInt8])
        case ping([UInt8])
        case pong
        /// Without a status code it is 1005 (section 7.1.5).
        case close(code: UInt16, reason: String)
    }

    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case close = 8
        case ping = 9
        case pong = 10
    }

    private struct Head {
        let isFinal: Bool
        let opcode: Opcode
        var left: Int
    }

    /// A frame's head that hasn't come whole.
    private var pending: [UInt8] = []
    private var head: Head?
    /// Of a message whose last fragment hasn't come whole.
    private var message: [UInt8] = []
    private var isInMessage = false
    /// Of a control frame, which may come between fragments.
    private var control: [UInt8] = []

    /// In bytes: as long as a line of the `stream` transport may be.
    private static let maximumMessage = 8 << 20
    /// Section 5.5.
    private static let maximumControl = 125

    package init() {}

    /// The next whole message or control frame of `rest`, which is moved on; `nil` when more bytes are needed.
    package mutating func next(_ rest: inout UnsafeRawBufferPointer) throws(AnswerError) -> Frame? {
        while true {
            if head == nil {
                guard let byte = rest.first else { return nil }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
                pending.append(byte)
                head = try readHead()
                continue
            }
            guard var head else { return nil }
            let taken = rest.prefix(head.left)
            if head.opcode.rawValue >= 8 { control += taken } else { message += taken }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken.count))
            head.left -= taken.count
            self.head = head
            guard head.left == 0 else { return nil }
            self.head = nil
            if let frame = try finish(head) { return frame }
        }
    }

    private mutating func readHead() throws(AnswerError) -> Head? {
        guard pending.count >= 2 else { return nil }
        let (first, second) = (pending[0], pending[1])
        guard first & 0x70 == 0 else { throw AnswerError("a WebSocket frame has a reserved bit") }
        guard second & 0x80 == 0 else { throw AnswerError("a server's WebSocket frame is masked") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw AnswerError("a WebSocket frame is neither text nor control")
        }
        let extended = second == 126 ? 2 : second == 127 ? 8 : 0
        guard pending.count == 2 + extended else { return nil }
        let length = extended == 0 ? UInt64(second) : pending[2...].reduce(0) { $0 << 8 | UInt64($1) }
        let isFinal = first & 0x80 != 0
        if opcode.rawValue >= 8 {
            guard isFinal, length <= Self.maximumControl else {
                throw AnswerError("a WebSocket control frame is too long, or a fragment")
            }
        } else {
            guard (opcode == .continuation) == isInMessage else {
                throw AnswerError("a WebSocket message begins within another, or goes on without one")
            }
            guard length <= UInt64(Self.maximumMessage - message.count) else {
                throw AnswerError("a WebSocket message is over 8 MiB long")
            }
            isInMessage = true
        }
        pending.removeAll(keepingCapacity: true)
        return Head(isFinal: isFinal, opcode: opcode, left: Int(length))
    }

    private mutating func finish(_ head: Head) throws(AnswerError) -> Frame? {
        defer { if head.opcode.rawValue >= 8 { control = [] } }
        switch head.opcode {
        case .ping: return .ping(control)
        case .pong: return .pong
        case .close:
            guard control.count != 1 else { throw AnswerError("a WebSocket's close frame has half a code") }
            guard control.count > 1 else { return .close(code: 1_005, reason: "") }
            let reason = String(decoding: control[2...], as: UTF8.self)
            return .close(code: UInt16(control[0]) << 8 | UInt16(control[1]), reason: reason)
        case .text, .continuation:
            guard head.isFinal else { return nil }
            defer {
                message = []
                isInMessage = false
            }
            guard message.isUTF8 else {
                throw AnswerError("a WebSocket text isn't UTF-8")
            }
            return .text(message)
        }
    }

    /// The answer to a ping.
    package static func pong(_ payload: [UInt8]) -> [UInt8] { masked(.pong, payload) }

    /// A client's farewell: 1000, nothing more is wanted.
    package static var close: [UInt8] { masked(.close, [0x03, 0xE8]) }

    /// A control frame, masked as a client's must be (section 5.3): proxies can't be made to take it for something else.
    private static func masked(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
        let mask = (0..<4).map { _ in UInt8.random(in: .min ... .max) }
        return [0x80 | opcode.rawValue, 0x80 | UInt8(payload.count)] + mask
            + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }
}
