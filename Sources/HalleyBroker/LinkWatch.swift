import HalleyCore
import NIOCore

/// Whether the pub/sub link hears. Pure: time is passed in.
///
/// A link can look healthy and be deaf: the socket is open, nothing comes. So once a second the process makes Redis
/// publish a tick (by another connection), and Redis says which tick was the last. That tick must arrive on the link. The
/// link is dead when
/// - a tick that Redis acknowledged hasn't arrived on it within ``patience``, or
/// - a `PING` on it goes unanswered for ``patience``.
package struct LinkWatch: Sendable {
    /// How long a tick or the answer to a `PING` may take: 3 s. Three ticks; more than any pause of a healthy Redis.
    package static let patience: TimeAmount = .seconds(3)

    /// What `halley_tick` returned.
    package struct Acknowledgement: Hashable, Sendable {
        package let last: Watermark
        /// Whether this very call published it.
        package let wasPublished: Bool

        package init(last: Watermark, wasPublished: Bool) {
            self.last = last
            self.wasPublished = wasPublished
        }
    }

    private enum Phase: Hashable {
        case down(String)
        case connected
        /// Redis has confirmed the ticks' channel: every tick published since arrives.
        case subscribed(since: NIODeadline)
    }

    private struct Expected {
        let tick: Watermark
        let deadline: NIODeadline
    }

    private var phase = Phase.down("not connected yet")
    private var expected: [Expected] = []
    private var pingDeadline: NIODeadline?
    /// The last tick at the first call after the subscription, if neither that call published it nor any has come: it may
    /// have been published before the link could hear it.
    private var baseline: Watermark?
    private var lastTick: NIODeadline?
    private var eraSince: NIODeadline?

    /// What came last on the present link: everything older has come before it. `nil` before the link's first tick.
    package private(set) var watermark: Watermark?

    /// The newest id ever seen, on any link: the W that Redis is told. Redis may forget; this doesn't.
    package private(set) var newest: EventID?

    package init() {}

    // MARK: - What happens

    package mutating func connected() {
        self = LinkWatch(newest: newest, phase: .connected)
    }

    package mutating func lost(_ reason: String) {
        self = LinkWatch(newest: newest, phase: .down(reason))
    }

    private init(newest: EventID?, phase: Phase) {
        self.newest = newest
        self.phase = phase
    }

    /// Redis confirmed the ticks' channel on the present link.
    package mutating func subscribed(now: NIODeadline) {
        guard phase == .connected else { return }
        phase = .subscribed(since: now)
    }

    /// `halley_tick` answered.
    /// - Parameter called: when the call was sent.
    package mutating func acknowledged(_ answer: Acknowledgement, called: NIODeadline, now: NIODeadline) {
        saw(answer.last.id)
        // What was published before the subscription needn't arrive on this link.
        guard case .subscribed(let since) = phase, called >= since else { return }
        if !answer.wasPublished, baseline == nil, watermark == nil, expected.isEmpty { baseline = answer.last }
        guard answer.last != baseline, !hasArrived(answer.last, called: called),
            !expected.contains(where: { $0.tick == answer.last })
        else { return }
        expected.append(Expected(tick: answer.last, deadline: now + Self.patience))
    }

    private func hasArrived(_ tick: Watermark, called: NIODeadline) -> Bool {
        guard let watermark, let eraSince else { return false }
        // Of another era: a later one, whose first tick is under way, unless this answer was slower than the new era's
        // first tick.
        return watermark.era == tick.era ? watermark.id >= tick.id : called < eraSince
    }

    /// A tick came on the link. Every tick is taken as it is: an id below the last is a new era, never a duplicate.
    package mutating func ticked(_ tick: Watermark, now: NIODeadline) {
        saw(tick.id)
        if watermark?.era != tick.era { eraSince = now }
        watermark = tick
        lastTick = now
        // What belongs to another era than the present one will never come.
        expected.removeAll { $0.tick.era != tick.era || $0.tick.id <= tick.id }
    }

    /// An event came on the link: it moves the watermark, and proves nothing of ticks.
    package mutating func passed(_ event: Watermark, now: NIODeadline) {
        saw(event.id)
        guard watermark != nil else { return }
        if watermark?.era != event.era { eraSince = now }
        watermark = event
    }

    private mutating func saw(_ id: EventID) {
        newest = max(newest ?? .zero, id)
    }

    /// A `PING` was sent on the link.
    package mutating func pinged(now: NIODeadline) {
        if pingDeadline == nil { pingDeadline = now + Self.patience }
    }

    /// The `PING` was answered.
    package mutating func ponged() { pingDeadline = nil }

    // MARK: - What follows

    /// When to look again; `nil` while nothing is awaited.
    package var deadline: NIODeadline? {
        [expected.map(\.deadline).min(), pingDeadline].compactMap(\.self).min()
    }

    /// Why the link is dead; `nil` while it may live.
    package func verdict(now: NIODeadline) -> String? {
        let patience = Self.patience.nanoseconds / 1_000_000
        if let late = expected.first(where: { $0.deadline <= now }) {
            return "tick \(late.tick.id), which Redis acknowledged, didn't arrive within \(patience) ms"
        }
        if let pingDeadline, pingDeadline <= now { return "PING wasn't answered within \(patience) ms" }
        return nil
    }

    /// What speaks against readiness; `nil` when the link is known to hear.
    package func complaint(now: NIODeadline) -> String? {
        switch phase {
        case .down(let reason): return "the pub/sub link to Redis is down: \(reason)"
        case .connected: return "the pub/sub link to Redis isn't subscribed yet"
        case .subscribed:
            guard let lastTick else { return "no tick has come over the pub/sub link yet" }
            if let verdict = verdict(now: now) { return "the pub/sub link to Redis is deaf: \(verdict)" }
            let age = now - lastTick
            guard age > Self.patience else { return nil }
            return "the last tick came \(age.nanoseconds / 1_000_000) ms ago"
        }
    }
}
