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

    /// The newest id given.
    var clock = EventID.zero
    /// Where this life of the data began.
    private(set) var born = Watermark(id: .zero, era: era(0))
    private(set) var logs: [Channel: Log] = [:]
    private var links: [Link] = []
    private var lives = 0

    private static func era(_ life: Int) -> Era {
        guard let era = Era("era" + String(life + 100)) else { preconditionFailure("six letters and digits") }
        return era
    }

    var brokers: [MemoryBroker] { links.compactMap(\.broker) }

    func attach(_ broker: MemoryBroker) {
        links.removeAll { $0.broker == nil }
        links.append(Link(broker: broker))
    }

    func advance() { clock = EventID(milliseconds: clock.milliseconds + 1, counter: 0) }

    func record(_ payload: [UInt8], on channel: Channel, history: Int) -> Stamp {
        advance()
        var log = logs[channel] ?? Log()
        let link = logs[channel].map { HalleyCore.Link.prev($0.lastGenerated) } ?? .floor(born.id)
        let stamp = Stamp(id: clock, era: born.era, link: link)
        log.entries.append(LogPage.Entry(stamp: stamp, payload: payload))
        log.entries.removeFirst(max(0, log.entries.count - history))
        log.lastGenerated = clock
        logs[channel] = log
        return stamp
    }

    func trim(_ channel: Channel, to history: Int) {
        guard let count = logs[channel]?.entries.count else { return }
        logs[channel]?.entries.removeFirst(max(0, count - history))
    }

    func flush() {
        logs = [:]
        lives += 1
        advance()
        born = Watermark(id: clock, era: Self.era(lives))
    }

    func page(of channel: Channel, after id: EventID, entries most: Int) -> LogPage {
        let log = logs[channel]
        let later = log?.entries.filter { $0.stamp.id > id } ?? []
        let entries = Array(later.prefix(most))
        let state = LogState(
            now: clock.milliseconds, clock: clock, born: born.id, era: born.era, retention: 3_600_000,
            lastGenerated: log?.lastGenerated, first: entries.first?.stamp.link)
        return LogPage(state: state, entries: entries, isLast: later.count == entries.count)
    }
}
