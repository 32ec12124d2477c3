import HalleyCore

/// What Redis says of a durable event when it records it.
///
/// On the wire, before the payload in a message and as the field `h` of the log's entry:
/// ```
/// 1 1795359771922-57 aB3xYz p 1795359771900-0 LF payload…      in a message on NAME/out/<channel>
/// │ └ id ──────────┘ └ era ┘ │ └ the log's last id before, or the floor
/// └ version of this layout   └ p: prev, f: floor
/// ```
public struct Stamp: Hashable, Sendable {
    /// Its place among all durable events.
    public let id: EventID
    /// The life of Redis' data in which it was published.
    public let era: Era
    /// What is known of the time before it on its channel.
    public let link: Link

    /// A stamp of these parts.
    public init(id: EventID, era: Era, link: Link) {
        self.id = id
        self.era = era
        self.link = link
    }

    /// Reads the header; `nil` for any other layout.
    package init?(header: some StringProtocol) {
        let fields = header.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0] == "1", let id = EventID(fields[1]), let era = Era(fields[2]),
            let linked = EventID(fields[4])
        else { return nil }
        switch fields[3] {
        case "p": self.init(id: id, era: era, link: .prev(linked))
        case "f": self.init(id: id, era: era, link: .floor(linked))
        default: return nil
        }
    }

    /// Reads a message: the stamp, and what is left is the payload.
    package static func read(_ message: [UInt8]) -> (stamp: Stamp, payload: [UInt8])? {
        guard let end = message.firstIndex(of: 0x0A), end <= Self.maximumHeader,
            let stamp = Stamp(header: String(decoding: message[..<end], as: UTF8.self))
        else { return nil }
        return (stamp, Array(message[(end + 1)...]))
    }

    /// Two ids of at most 41 bytes, an era and the separators, in bytes.
    private static let maximumHeader = 128
}
