/// A virtual slice of the client population, `s0` … `s63`. There are far more shards than workers, and their number is
/// fixed, so that a session's hostname never changes while shards move between workers.
public struct Shard: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// How many shards a cluster has.
    public static let count = 64

    /// 0 to 63.
    public let index: Int

    /// `nil` unless the index is within `0 ..< count`.
    public init?(index: Int) {
        guard (0..<Self.count).contains(index) else { return nil }
        self.index = index
    }

    /// Reads `s17`: lower case, no leading zero, a shard that exists.
    public init?(_ text: some StringProtocol) {
        guard text.first == "s", text.utf8.count <= 3, let index = UInt64(decimal: text.dropFirst()) else { return nil }
        self.init(index: Int(index))
    }

    private init(unchecked index: Int) { self.index = index }

    /// All shards, in order.
    public static let all: [Shard] = (0..<count).map(Shard.init(unchecked:))

    /// `s17`.
    public var description: String { "s\(index)" }

    /// By index: `s2` comes before `s10`.
    public static func < (left: Shard, right: Shard) -> Bool { left.index < right.index }
}

/// A letter that makes several hostnames out of one shard, so that the tabs of one browser don't share its connection
/// limit per host (six over HTTP/1.1).
public struct Lane: Hashable, Sendable, CustomStringConvertible {
    /// The lanes of a shard: `a` to `z`.
    public static let count = 26

    /// `a` to `z`.
    public let letter: Character

    /// `nil` unless the text is one lower-case ASCII letter.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 1, let byte = text.utf8.first, (0x61...0x7A).contains(byte) else { return nil }
        letter = Character(UnicodeScalar(byte))
    }

    private init(_ byte: UInt8) { letter = Character(UnicodeScalar(byte)) }

    /// Draws one of the 26.
    public static func random(using generator: inout some RandomNumberGenerator) -> Lane {
        Lane(UInt8.random(in: 0x61...0x7A, using: &generator))
    }

    /// The letter.
    public var description: String { String(letter) }
}

/// The first label of a shard's hostname: `s17-c`, or `s17` alone.
public struct ShardLabel: Hashable, Sendable, CustomStringConvertible {
    /// The shard, which alone decides who serves.
    public let shard: Shard
    /// `nil` for the shard's plain hostname.
    public let lane: Lane?

    /// Any lane of the shard, or none.
    public init(shard: Shard, lane: Lane? = nil) {
        self.shard = shard
        self.lane = lane
    }

    /// `nil` for anything but `s<index>` or `s<index>-<lane>`, in lower case. The label indexes a table; it never forms
    /// an address.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let shard = Shard(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(shard: shard)
            return
        }
        guard let lane = Lane(parts[1]) else { return nil }
        self.init(shard: shard, lane: lane)
    }

    /// `s17-c`, or `s17`.
    public var description: String {
        guard let lane else { return shard.description }
        return "\(shard)-\(lane)"
    }
}
