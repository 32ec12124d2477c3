/// Open loop: event k is due at `start + k / rate`, whatever became of those before.
///
/// Latencies counted from these times include what an event waited for its turn. A bench that waits for answers before
/// it sends on leaves out just the events that a stall would have hit (coordinated omission).
package struct SendSchedule: Sendable {
    /// In nanoseconds of this machine's uptime.
    package let start: UInt64
    /// Events a second.
    package let rate: Double
    /// How many events there are.
    package let total: Int

    package init(start: UInt64, rate: Double, seconds: Double) {
        self.start = start
        self.rate = rate
        total = max(1, Int((rate * seconds).rounded()))
    }

    /// When event k is to be sent, in nanoseconds of this machine's uptime.
    package func due(_ event: Int) -> UInt64 { start + UInt64(Double(event) * 1e9 / rate) }

    /// How many events are due by then.
    package func count(by now: UInt64) -> Int {
        guard now >= start else { return 0 }
        var count = min(total, Int(Double(now - start) * rate / 1e9))
        while count < total, due(count) <= now { count += 1 }
        return count
    }
}

/// Closed loop: so many events may be on their way at a time. Counted in deliveries, for an event is on its way until
/// everyone has it.
package struct SaturationWindow: Sendable {
    /// The most deliveries under way.
    package let limit: Int
    /// How often nothing came for so long that what was under way had to be given up, or nothing would ever be sent again.
    package private(set) var stalls = 0
    private var owed = 0

    /// - Parameters:
    ///   - window: events.
    ///   - fanOut: deliveries that an event makes.
    package init(window: Int, fanOut: Int) { limit = max(1, window * max(1, fanOut)) }

    /// The count of deliveries from which on another event may leave.
    package var threshold: Int { owed - limit + 1 }

    package func maySend(delivered: Int) -> Bool { delivered >= threshold }

    /// Notes an event that leaves.
    package mutating func sent(fanOut: Int) { owed += fanOut }

    /// Gives up what is under way.
    package mutating func stalled(delivered: Int) {
        stalls += 1
        owed = delivered
    }
}
