/// The name that prefixes everything of one cluster in Redis (`halley` by default). Two clusters on one Redis must have
/// two names, for pub/sub ignores database numbers.
public struct ClusterName: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 32 bytes of `A-Z a-z 0-9 _ -`.
    public let description: String

    /// `halley`, what a cluster is called unless told otherwise.
    public static let standard = ClusterName(unchecked: "halley")

    /// `nil` unless the text is 1 to 32 bytes of `A-Z a-z 0-9 _ -`.
    public init?(_ text: some StringProtocol) {
        guard (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
        else { return nil }
        description = String(text)
    }

    private init(unchecked text: String) { description = text }

    /// The Redis channel that users publish live events on: `halley:news`.
    public func publicChannel(_ channel: Channel) -> String { "\(description):\(channel.name)" }

    /// A key or control channel of Halley's own: `halley/clock`.
    public func own(_ path: String) -> String { "\(description)/\(path)" }
}
