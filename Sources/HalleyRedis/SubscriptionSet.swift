import DequeModule

/// Which channels a link wants, which it has asked Redis for, and what to ask next. Pure.
///
/// What is wanted and what was said on the wire are kept apart and brought together a batch at a time: the next
/// `SUBSCRIBE` goes out when Redis has confirmed the last. So a storm of changes becomes few commands, a channel that is
/// dropped and wanted again in the meantime costs nothing, and the wire never holds two changes of one channel, which
/// could be taken for each other's.
package struct SubscriptionSet {
    /// What to do next.
    package struct Step: Hashable {
        package var subscribe: [String] = []
        package var unsubscribe: [String] = []
        /// Channels that are subscribed, and have been since before they were wanted again.
        package var confirmed: [String] = []

        package init(subscribe: [String] = [], unsubscribe: [String] = [], confirmed: [String] = []) {
            self.subscribe = subscribe
            self.unsubscribe = unsubscribe
            self.confirmed = confirmed
        }
    }

    private struct Entry {
        var isWanted = false
        /// What Redis was last told on this connection.
        var isAsked = false
        /// Whether Redis has confirmed that it is subscribed on this connection.
        var isSubscribed = false
        /// Whether whoever wants the channel has been told so.
        var isReported = false
    }

    private let batch: Int
    private var entries: [String: Entry] = [:]
    /// Channels whose wish may differ from what was asked. May hold a name twice, or one that no longer matters.
    private var changed: Deque<String> = []
    /// How many confirmations of the last step are missing.
    private var missing = 0
    private var isConnected = false

    package init(batch: Int) {
        precondition(batch > 0, "a batch has at least one channel")
        self.batch = batch
    }

    package mutating func want(_ channel: String) -> Step {
        change(channel, isWanted: true)
    }

    package mutating func drop(_ channel: String) -> Step {
        change(channel, isWanted: false)
    }

    private mutating func change(_ channel: String, isWanted: Bool) -> Step {
        guard (entries[channel]?.isWanted ?? false) != isWanted else { return Step() }
        entries[channel, default: Entry()].isWanted = isWanted
        if !isWanted { entries[channel]?.isReported = false }
        guard isConnected else {
            if !isWanted { entries[channel] = nil }
            return Step()
        }
        changed.append(channel)
        return missing == 0 ? next() : Step()
    }

    /// A new connection is there: everything wanted is asked for again.
    package mutating func connected() -> Step {
        isConnected = true
        changed = Deque(entries.keys)
        return next()
    }

    /// The connection ended, and all that Redis knew with it.
    package mutating func disconnected() {
        isConnected = false
        missing = 0
        changed.removeAll()
        entries = entries.filter(\.value.isWanted).mapValues { _ in Entry(isWanted: true) }
    }

    /// Redis confirmed that the channel is subscribed.
    package mutating func subscribed(_ channel: String) -> Step {
        var report: [String] = []
        if var entry = entries[channel] {
            entry.isSubscribed = true
            if entry.isWanted, !entry.isReported {
                entry.isReported = true
                report = [channel]
            }
            entries[channel] = entry
        }
        var step = confirm()
        step.confirmed = report + step.confirmed
        return step
    }

    /// Redis confirmed that the channel isn't subscribed any more.
    package mutating func unsubscribed(_ channel: String) -> Step {
        entries[channel]?.isSubscribed = false
        if entries[channel]?.isWanted == false { entries[channel] = nil }
        return confirm()
    }

    private mutating func confirm() -> Step {
        missing = max(0, missing - 1)
        return missing == 0 ? next() : Step()
    }

    private mutating func next() -> Step {
        var step = Step()
        while missing < batch, let channel = changed.popFirst() {
            guard var entry = entries[channel] else { continue }
            guard entry.isWanted || entry.isAsked else {
                entries[channel] = nil
                continue
            }
            if entry.isWanted != entry.isAsked {
                entry.isAsked = entry.isWanted
                if entry.isWanted { step.subscribe.append(channel) } else { step.unsubscribe.append(channel) }
                missing += 1
            } else if entry.isWanted, entry.isSubscribed, !entry.isReported {
                entry.isReported = true
                step.confirmed.append(channel)
            }
            entries[channel] = entry
        }
        return step
    }
}
