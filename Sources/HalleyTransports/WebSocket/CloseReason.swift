/// Why a WebSocket ends: a code and a text, as a close frame carries them (RFC 6455, sections 5.5.1 and 7.4).
package struct CloseReason: Error, Equatable {
    package let code: UInt16
    /// At most 123 bytes: a control frame has 125 in all.
    package let text: String

    package init(_ code: Code, _ text: String = "") {
        self.code = code.rawValue
        self.text = text
    }

    /// What this server says itself, with what the client does next.
    package enum Code: UInt16 {
        /// An answer to a close frame without a code, or its very code.
        case normal = 1000
        /// The worker stops: come back, to another one.
        case goingAway = 1001
        /// What came is no WebSocket protocol: a bug of the client's.
        case protocolError = 1002
        /// A binary message where only text has a meaning.
        case unsupportedData = 1003
        /// Text that isn't UTF-8.
        case invalidPayload = 1007
        /// The protocol's grammar, but not what may be asked here, or too much of it.
        case policyViolation = 1008
        case messageTooBig = 1009
        /// Redis doesn't answer: come back later.
        case tryAgainLater = 1013
    }

    /// Whether a peer may put the code into a close frame (section 7.4): 1005, 1006 and 1015 only ever stand in an API, and
    /// 1000 to 2999 are the protocol's, of which it has defined these.
    static func mayBeReceived(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
