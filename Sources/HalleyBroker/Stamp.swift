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
    package init?(header: UnsafeBufferPointer<UInt8>) {
        var reader = FieldReader(header)
        guard reader.skip("1"), reader.skip(" "), let id = reader.id(), reader.skip(" "), let era = reader.era(),
            reader.skip(" ")
        else { return nil }
        let isLinked = reader.skip("p")
        guard isLinked || reader.skip("f"), reader.skip(" "), let linked = reader.id(), reader.isAtEnd else {
            return nil
        }
        self.init(id: id, era: era, link: isLinked ? .prev(linked) : .floor(linked))
    }

    /// The same of bytes of its own.
    package init?(header: [UInt8]) {
        guard let stamp = header.withUnsafeBufferPointer({ Stamp(header: $0) }) else { return nil }
        self = stamp
    }

    /// Reads a message: the stamp, and what is left is the payload. Every durable event passes here: in one pass, and
    /// nothing is copied but the payload.
    package static func read(_ message: [UInt8]) -> (stamp: Stamp, payload: [UInt8])? {
        message.withUnsafeBufferPointer { bytes in
            guard let end = bytes.prefix(maximumHeader + 1).firstIndex(of: 0x0A),
                let stamp = Stamp(header: UnsafeBufferPointer(rebasing: bytes[..<end]))
            else { return nil }
            return (stamp, Array(bytes[(end + 1)...]))
        }
    }

    /// Two ids of at most 41 bytes, an era and the separators, in bytes.
    private static let maximumHeader = 128
}
