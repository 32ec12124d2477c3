/// How long a streamed answer goes on, and what it begins with, as its client asks.
///
/// A browser keeps all of an answer's text for as long as the answer lasts, and some proxies cut an answer off after so many
/// seconds: by these a client has it end well before, behind a message that says where to go on.
package struct StreamLimits: Sendable, Equatable {
    /// `bytes=`: about so many bytes of messages, 0 for no limit. The message that passes the limit is the last.
    package var bytes: UInt32 = 0
    /// `seconds=`: about so long, 0 for no limit. To within a second, and a message's end. Of a poll: the longest wait.
    package var seconds: UInt32 = 0
    /// `padding=`: so many bytes before the first message that say nothing, for proxies that hold an answer's beginning back.
    package var padding: UInt16 = 0

    /// No limits.
    package static let none = StreamLimits()

    private init() {}

    package init(_ query: QueryItems, transport: Transport) throws(SubscriptionError) {
        if let text = query["bytes"] { bytes = UInt32(try Self.number(text, "bytes", in: 1...Self.mostBytes)) }
        if let text = query["seconds"] { seconds = UInt32(try Self.number(text, "seconds", in: 1...Self.mostSeconds)) }
        if let text = query["padding"] { padding = UInt16(try Self.number(text, "padding", in: 0...Self.mostPadding)) }
        if transport == .iframe, bytes == 0 { bytes = Iframe.standardBytes }
    }

    /// 1 GiB: a browser's text can't be longer.
    static let mostBytes = 1 << 30
    /// A day.
    static let mostSeconds = 86_400
    /// What the greediest proxies and virus scanners of old held back.
    static let mostPadding = 4_096

    /// Whether the answer ends while its client listens.
    package var isLimited: Bool { bytes > 0 || seconds > 0 }

    private static func number(
        _ text: String, _ name: StaticString, in range: ClosedRange<Int>
    ) throws(SubscriptionError) -> Int {
        guard (1...10).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), range.contains(number)
        else { throw .limit("\(name)", range) }
        return number
    }
}
