import HalleyCore
import HalleyRedis

/// A page of one channel's log, and the clock beside it: all of one moment of Redis. What `halley_read` answers:
/// ```
/// [now in ms, clock, born, era, T in ms, the log's last id or "", 1 if there is more, [[id, header, payload], …],
///  "from to from to …", the clock's jumps, the id up to which nothing was lost when the era began or ""]
/// ```
public struct LogPage: Hashable, Sendable {
    /// One recorded event.
    public struct Entry: Hashable, Sendable {
        /// As Redis recorded it.
        public let stamp: Stamp
        /// Any bytes.
        public let payload: [UInt8]

        /// An entry of these parts.
        public init(stamp: Stamp, payload: [UInt8]) {
            self.stamp = stamp
            self.payload = payload
        }
    }

    /// The log's state; its `first` speaks of the page's first entry.
    public let state: LogState
    /// Oldest first.
    public let entries: [Entry]
    /// The id of the last entry that was looked at, whoever wrote it; `nil` when there was none.
    public let through: EventID?
    /// Whether the log has nothing after the page.
    public let isLast: Bool

    /// A page of these parts.
    public init(state: LogState, entries: [Entry], through: EventID?, isLast: Bool) {
        self.state = state
        self.entries = entries
        self.through = through
        self.isLast = isLast
    }

    /// Reads the reply; `nil` for anything else. Entries that Halley's function didn't write are passed over: the next
    /// one's `prev` speaks of them, and a hole is declared.
    package init?(_ reply: RESPValue) {
        guard let fields = reply.array, fields.count == 10, let now = fields[0].integer, now >= 0,
            let clock = fields[1].string.flatMap({ EventID($0) }), let born = fields[2].string.flatMap({ EventID($0) }),
            let era = fields[3].string.flatMap({ Era($0) }), let retention = fields[4].integer, retention >= 0,
            let last = fields[5].string, let more = fields[6].integer, let list = fields[7].array,
            let jumps = fields[8].string.flatMap({ Self.jumps($0) }), let kept = fields[9].string
        else { return nil }
        let entries = list.compactMap { entry -> Entry? in
            guard let parts = entry.array, parts.count == 3, let payload = parts[2].bytes,
                let stamp = parts[1].bytes.flatMap({ Stamp(header: $0) })
            else { return nil }
            return Entry(stamp: stamp, payload: payload)
        }
        self.init(
            state: LogState(
                now: UInt64(now), clock: clock, born: born, era: era, retention: UInt64(retention),
                lastGenerated: EventID(last), first: entries.first?.stamp.link, jumps: jumps,
                kept: EventID(kept)),
            entries: entries, through: list.last?.array?.first?.string.flatMap { EventID($0) }, isLast: more == 0)
    }

    private static func jumps(_ text: String) -> [Jump]? {
        let ids = text.split(separator: " ").compactMap { EventID($0) }
        guard ids.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: ids.count, by: 2).map { Jump(from: ids[$0], to: ids[$0 + 1]) }
    }
}
