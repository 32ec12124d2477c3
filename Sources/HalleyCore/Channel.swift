/// A named stream of events: `news`, `user.42`.
///
/// 1 to 255 bytes of `A-Z a-z 0-9 . _ - : / @ #`, and neither `open` nor `error`, the two names that an `EventSource`
/// dispatches itself. The list is an allow-list on purpose: no pattern character of Redis (`* ? [`), no control
/// character and no `~` (which marks Halley's own SSE events) can ever stand in a channel's name.
public struct Channel: Hashable, Sendable {
    /// The longest name, in bytes.
    public static let maximumLength = 255

    /// The name as the user wrote it, without the cluster's prefix.
    public let name: String

    /// - Throws: ``ChannelError`` saying which rule the name breaks.
    public init(_ name: some StringProtocol) throws(ChannelError) {
        let length = name.utf8.count
        guard length > 0 else { throw .empty }
        guard length <= Self.maximumLength else { throw .tooLong(length) }
        guard name.utf8.allSatisfy(Self.isAllowed) else { throw .forbiddenCharacter }
        guard name != "open", name != "error" else { throw .reserved }
        self.name = String(name)
    }

    /// Reads a name from untrusted bytes.
    public init(bytes: some Collection<UInt8>) throws(ChannelError) {
        try self.init(String(decoding: bytes, as: UTF8.self))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "-")...UInt8(ascii: ":"): true  // - . / 0-9 :
        case UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "#"): true
        default: false
        }
    }
}

/// Why a name can't be a channel's. The texts never echo the name: it comes from the network.
public enum ChannelError: Error, Equatable, CustomStringConvertible {
    case empty
    /// The length that was given, in bytes.
    case tooLong(Int)
    case forbiddenCharacter
    case reserved

    /// For the client: which rule the name breaks.
    public var description: String {
        switch self {
        case .empty: "a channel's name is empty; give 1 to \(Channel.maximumLength) bytes"
        case .tooLong(let length): "a channel's name has \(length) bytes; the most is \(Channel.maximumLength)"
        case .forbiddenCharacter: "a channel's name may hold A-Z a-z 0-9 . _ - : / @ # and nothing else"
        case .reserved: "'open' and 'error' are EventSource's own names; choose another channel"
        }
    }
}

extension Channel: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}

extension Channel: Comparable {
    /// By the bytes of the name.
    public static func < (left: Channel, right: Channel) -> Bool { left.name < right.name }
}
