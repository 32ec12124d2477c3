import HalleyCore

/// The rules by which Redis' functions give ids, keep logs and notice lost data, so that a test can take one out.
struct ModelRedisRules: OptionSet, Sendable {
    let rawValue: UInt16

    /// An id isn't before Redis' time.
    static let idNow = Self(rawValue: 1 << 0)
    /// An id is after every other, of any channel.
    static let idAfterClock = Self(rawValue: 1 << 1)
    /// An id is after the log's last one, even when the clock has forgotten it.
    static let idAfterLast = Self(rawValue: 1 << 2)
    /// A floor isn't before the present era.
    static let floorBorn = Self(rawValue: 1 << 3)
    /// A floor isn't before what can have expired.
    static let floorRetention = Self(rawValue: 1 << 4)
    /// The cluster's constant T makes the floor; the longer life that one publish asks for doesn't lower it.
    static let floorByConstant = Self(rawValue: 1 << 5)
    /// Workers tell the newest id that they have seen.
    static let watermark = Self(rawValue: 1 << 6)
    /// The clock remembers where it jumped when the server woke with other data than it left: between the id that it
    /// found and the first that it gave, no id is known.
    static let wake = Self(rawValue: 1 << 7)
    /// A channel's last id is kept in a key of its own, beside the log.
    static let lastKey = Self(rawValue: 1 << 8)

    static let all = Self(rawValue: (1 << 9) - 1)
}

/// Redis with Halley's functions, as small as it can be: every call is one step.
struct ModelRedis {
    struct Entry {
        let id: EventID
        let link: Link
        /// Which of the channel's events, in the order of publishing.
        let event: Int
    }

    struct Log {
        var last: EventID
        var entries: [Entry]
        /// In milliseconds: gone when Redis' time is later.
        var expiry: UInt64
    }

    /// All that a flush empties and that a backup holds.
    struct Data {
        var clock: EventID?
        var born: EventID?
        var era = 0
        /// The era began since data was found lost, and not on an empty Redis.
        var ofLoss = false
        /// What the clock was, and the first id given, each time that the server woke with data that it hadn't left.
        var wakes: [Wake] = []
        var logs: [Log?]
        /// The last id of each channel, in a key that expires with the log.
        var lasts: [Last?]
    }

    struct Wake {
        let from: EventID
        var to: EventID?
    }

    struct Last {
        let id: EventID
        let expiry: UInt64
    }

    let rules: ModelRedisRules
    /// T, in milliseconds.
    let retention: UInt64
    var now: UInt64
    var data: Data
    /// The clock as the running server last left it: kept in the process, not in the data.
    var left: EventID?
    /// How many eras have been made.
    var eras = 1
    /// How many ids have been given.
    var given = 0

    init(rules: ModelRedisRules, retention: UInt64, now: UInt64, channels: Int) {
        self.rules = rules
        self.retention = retention
        self.now = now
        let start = EventID(milliseconds: now, counter: 0)
        data = Data(
            clock: start, born: start, logs: Array(repeating: nil, count: channels),
            lasts: Array(repeating: nil, count: channels))
        left = start
    }

    private var time: EventID { EventID(milliseconds: now, counter: 0) }

    static func after(_ id: EventID) -> EventID {
        EventID(milliseconds: id.milliseconds, counter: id.counter + 1)
    }

    /// What every call does first: looks whether the data is still what it was.
    mutating func open(seen: EventID? = nil) {
        let clock = data.clock ?? .zero
        if rules.contains(.wake), left != data.clock {
            data.wakes.append(Wake(from: clock))
        }
        var lost = false
        if rules.contains(.watermark), let seen {
            lost = seen > clock
            for wake in data.wakes where wake.from < seen && seen < wake.to ?? .zero { lost = true }
        }
        if lost {
            // On an empty Redis nobody has joined yet, so nobody on an unbroken link has missed anything.
            begin(at: Self.after(max(time, seen ?? .zero, clock)), ofLoss: data.born != nil)
        } else if data.born.map({ clock < $0 }) ?? true {
            begin(at: max(time, Self.after(clock)), ofLoss: false)
        }
        left = data.clock
    }

    private mutating func begin(at id: EventID, ofLoss: Bool) {
        given += 1
        data.clock = id
        data.born = id
        data.era = eras
        data.ofLoss = ofLoss
        data.wakes = []
        eras += 1
    }

    private mutating func give(after last: EventID?) -> EventID {
        var id = EventID.zero
        if rules.contains(.idNow) { id = max(id, time) }
        if rules.contains(.idAfterClock) { id = max(id, Self.after(data.clock ?? .zero)) }
        if rules.contains(.idAfterLast), let last { id = max(id, Self.after(last)) }
        given += 1
        data.clock = id
        left = id
        // The jump's end is given to nobody.
        if let index = data.wakes.lastIndex(where: { $0.to == nil }) {
            data.wakes[index].to = Self.after(id)
            id = Self.after(Self.after(id))
            data.clock = id
            left = id
        }
        return id
    }

    mutating func tick(seen: EventID?) -> EventID {
        open(seen: seen)
        return give(after: nil)
    }

    /// - Returns: `nil` when the log refuses the id.
    mutating func publish(_ event: Int, on channel: Int, history: Int, ttl: UInt64) -> Entry? {
        open()
        let last = data.logs[channel]?.last
        let id = give(after: last)
        if let last, id <= last { return nil }
        let life = max(retention, ttl)
        let link: Link
        if let last = last ?? (rules.contains(.lastKey) ? data.lasts[channel]?.id : nil) {
            link = .prev(last)
        } else {
            var floor = EventID.zero
            if rules.contains(.floorBorn), let born = data.born { floor = born }
            if rules.contains(.floorRetention) {
                floor = max(floor, id.earlier(by: rules.contains(.floorByConstant) ? retention : life))
            }
            link = .floor(floor)
        }
        let entry = Entry(id: id, link: link, event: event)
        var log = data.logs[channel] ?? Log(last: id, entries: [], expiry: 0)
        log.last = id
        log.entries.append(entry)
        log.entries.removeFirst(max(0, log.entries.count - history))
        log.expiry = max(log.expiry, id.milliseconds + life)
        data.logs[channel] = log
        data.lasts[channel] = Last(id: id, expiry: log.expiry)
        expire()
        return entry
    }

    /// Time moves, and what it makes old goes.
    mutating func step(to time: UInt64) {
        now = time
        expire()
    }

    private mutating func expire() {
        for channel in data.logs.indices {
            if let log = data.logs[channel], now > log.expiry { data.logs[channel] = nil }
            if let last = data.lasts[channel], now > last.expiry { data.lasts[channel] = nil }
        }
    }

    mutating func flush() {
        data = Data(
            logs: Array(repeating: nil, count: data.logs.count), lasts: Array(repeating: nil, count: data.logs.count))
    }

    /// Another server, or the same one anew, with data of an earlier time.
    mutating func restart(with older: Data) {
        data = older
        left = nil
        expire()
    }

    /// What `halley_read` answers, but for the entries.
    func state(of channel: Int, after id: EventID) -> LogState {
        let log = data.logs[channel]
        return LogState(
            now: now, clock: data.clock ?? .zero, born: data.born ?? .zero, era: Self.name(ofEra: data.era),
            retention: retention,
            lastGenerated: log?.last ?? (rules.contains(.lastKey) ? data.lasts[channel]?.id : nil),
            first: log?.entries.first { $0.id > id }?.link,
            jumps: data.wakes.compactMap { wake in wake.to.map { Jump(from: wake.from, to: $0) } })
    }

    private static let names = (10..<100).compactMap { Era("era0\($0)") }

    static func name(ofEra era: Int) -> Era { names[era] }
}
