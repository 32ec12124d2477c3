import HalleyBroker
import HalleyCore

/// A stretch of one channel's log, read once and shared by all who pass through it.
package struct LogSegment {
    /// The stretch begins after this id…
    package let after: EventID
    /// …and ends with this one: all durable events between them are in ``deliveries``.
    package let through: EventID
    /// Whether the log had nothing beyond when it was read.
    package let isLast: Bool
    /// Oldest first.
    package let deliveries: [Delivery]
    private let state: LogState

    /// - Parameter lastEntry: the id of the last entry of the page, whoever wrote it.
    package init(state: LogState, after: EventID, lastEntry: EventID?, isLast: Bool, deliveries: [Delivery]) {
        self.state = state
        self.after = after
        self.isLast = isLast
        self.deliveries = deliveries
        through = max(after, isLast ? state.clock : lastEntry ?? after)
    }

    /// The life of Redis' data that was read.
    package var era: Era { state.era }

    /// Those with a greater id. Logarithmic.
    package func deliveries(after id: EventID) -> ArraySlice<Delivery> {
        var low = 0
        var high = deliveries.count
        while low < high {
            let middle = (low + high) / 2
            if let stamp = deliveries[middle].stamp, stamp.id > id { high = middle } else { low = middle + 1 }
        }
        return deliveries[low...]
    }

    /// The log's state as the resume rule asks for it: ``LogState/first`` speaks of the first entry after the id.
    package func state(after id: EventID) -> LogState {
        var state = state
        state.first = deliveries(after: id).first?.stamp?.link
        return state
    }
}
