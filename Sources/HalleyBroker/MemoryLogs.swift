import HalleyCore

import struct HalleyCore.Channel

/// What Redis keeps, in memory: a clock, the logs, and the links on which it publishes.
final class MemoryLogs {
    struct Log {
        var entries: [LogPage.Entry] = []
        var lastGenerated = EventID.zero
    }

    private struct Link {
        weak var broker: MemoryBroker?
    }

    /// What a restart from an older state brings back.
    private struct Data {
        /// The newest id given.
        var clock = EventID.zero
        /// Where this life of the data began.
        var born = Watermark(id: .zero, era: era(0))
        var logs: [Channel: Log] = [:]
        /// Between these two ids none was given in this life, for the first is older than the last restart.
        var jumps: [Jump] = []
        /// Up to here nothing was lost when the present life began because of a restart from an older state.
        var kept: EventID?
    }

    private var data = Data()
    private var saved = Data()
    /// The clock that a restart found, until the next id is given.
    private var restartedAt: EventID?
    /// Redis' own time, which no restart sets back.
    private var time: UInt64 = 0
    private var links: [Link] = []
    private var lives = 0

    private static func era(_ life: Int) -> Era {
        guard let era = Era("era" + String(life + 100)) else { preconditionFailure("six letters and digits") }
        return era
    }

    var clock: EventID { data.clock }
    var born: Watermark { data.born }
    var logs: [Channel: Log] { data.logs }
    var brokers: [MemoryBroker] { links.compactMap(\.broker) }

    func attach(_ broker: MemoryBroker) {
        links.removeAll { $0.broker == nil }
        links.append(Link(broker: broker))
    }

    /// Gives the next id; a later one where the test asks for it.
    func advance(to milliseconds: UInt64 = 0) {
        time = max(time + 1, data.clock.milliseconds + 1, milliseconds)
        let next = EventID(milliseconds: time, counter: 0)
        if let restartedAt { data.jumps.append(Jump(from: restartedAt, to: next)) }
        restartedAt = nil
        data.clock = next
    }

    func record(_ payload: [UInt8], on channel: Channel, history: Int) -> Stamp {
        advance()
        var log = data.logs[channel] ?? Log()
        let link = data.logs[channel].map { HalleyCore.Link.prev($0.lastGenerated) } ?? .floor(born.id)
        let stamp = Stamp(id: clock, era: born.era, link: link)
        log.entries.append(LogPage.Entry(stamp: stamp, payload: payload))
        log.entries.removeFirst(max(0, log.entries.count - history))
        log.lastGenerated = clock
        data.logs[channel] = log
        return stamp
    }

    func trim(_ channel: Channel, to history: Int) {
        guard let count = data.logs[channel]?.entries.count else { return }
        data.logs[channel]?.entries.removeFirst(max(0, count - history))
    }

    // MARK: - Lives

    func flush() {
        data.logs = [:]
        beginLife()
    }

    func save() { saved = data }

    func restart() {
        data = saved
        restartedAt = clock
    }

    /// What a worker has seen. An id that this life can't have given proves that data was lost.
    ///
    /// - Returns: where the new life begins, if one does.
    func hear(_ newest: EventID) -> Watermark? {
        guard newest > clock || data.jumps.contains(where: { $0.skips(newest) }) else { return nil }
        let kept = data.jumps.map(\.from).min() ?? clock
        beginLife()
        data.kept = kept
        return born
    }

    private func beginLife() {
        lives += 1
        advance()
        data.jumps = []
        data.kept = nil
        data.born = Watermark(id: clock, era: Self.era(lives))
    }

    func page(of channel: Channel, after id: EventID, entries most: Int) -> LogPage {
        let log = logs[channel]
        let later = log?.entries.filter { $0.stamp.id > id } ?? []
        let entries = Array(later.prefix(most))
        let state = LogState(
            now: clock.milliseconds, clock: clock, born: born.id, era: born.era, retention: 3_600_000,
            lastGenerated: log?.lastGenerated, first: entries.first?.stamp.link,
            jumps: data.jumps, kept: data.kept)
        return LogPage(
            state: state, entries: entries, through: entries.last?.stamp.id, isLast: later.count == entries.count)
    }
}
