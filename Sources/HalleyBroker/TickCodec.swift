import HalleyCore
import HalleyRedis

extension Watermark {
    /// Reads a tick as it is published: `<id> <era>`. `nil` for anything else.
    package init?(tick payload: [UInt8]) {
        let fields = String(decoding: payload, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2, let id = EventID(fields[0]), let era = Era(fields[1]) else { return nil }
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
