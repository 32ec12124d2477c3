import HalleyCore
import HalleyRedis

/// What is published on the ticks' channel, and a mark.
package struct Tick: Hashable, Sendable {
    /// The clock.
    package let reading: Watermark
    /// The reading is the first since it was found that Redis had gone back in time, unnoticed so far.
    package let isRewound: Bool

    /// Reads `<id> <era>`, or `<id> <era> rewound`. `nil` for anything else.
    package init?(_ payload: [UInt8]) {
        let fields = String(decoding: payload, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2 || fields.count == 3 && fields[2] == "rewound", let id = EventID(fields[0]),
            let era = Era(fields[1])
        else { return nil }
        reading = Watermark(id: id, era: era)
        isRewound = fields.count == 3
    }
}

extension Watermark {
    /// Reads what `halley_mark` returns: the clock and the era. `nil` for anything else.
    package init?(mark reply: RESPValue) {
        guard let fields = reply.array, fields.count == 2, let id = fields[0].string.flatMap({ EventID($0) }),
            let era = fields[1].string.flatMap({ Era($0) })
        else { return nil }
        self.init(id: id, era: era)
    }
}

extension LinkWatch.Acknowledgement {
    /// Reads what `halley_tick` returns: id of the last tick, era, now in milliseconds, 1 or 0. `nil` for anything else.
    package init?(_ reply: RESPValue) {
        guard let fields = reply.array, fields.count == 4, let id = fields[0].string.flatMap({ EventID($0) }),
            let era = fields[1].string.flatMap({ Era($0) }), let published = fields[3].integer
        else { return nil }
        self.init(last: Watermark(id: id, era: era), wasPublished: published == 1)
    }
}
