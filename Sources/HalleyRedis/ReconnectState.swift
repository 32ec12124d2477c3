import NIOCore

/// When to connect again. Pure: time and chance are passed in.
///
/// ```
/// idle ──start──▶ connecting ──opened──▶ up
///                  ▲      └──failed──▶ waiting ◀──lost──┘
///                  └───────waited─────────┘             any ──close──▶ closed
/// ```
package struct ReconnectState {
    package enum Action: Hashable {
        case connect
        case wait(TimeAmount)
        case nothing
        /// The connection that came is to be closed: nobody wants it any more.
        case discard
    }

    private enum Phase: Hashable {
        case idle
        case connecting
        case up(since: NIODeadline)
        case waiting
        case closed
    }

    private var phase = Phase.idle
    private var backoff: Backoff
    /// A connection counts as proved, and the next failure as the first, when it has lasted as long as the longest wait.
    /// Without that a server that accepts and drops would be asked again twenty times a second.
    private let proof: TimeAmount

    package init(backoff: Backoff) {
        self.backoff = backoff
        proof = backoff.cap
    }

    package var isClosed: Bool { phase == .closed }

    package mutating func start() -> Action {
        guard phase == .idle else { return .nothing }
        phase = .connecting
        return .connect
    }

    package mutating func opened(now: NIODeadline) -> Action {
        guard phase == .connecting else { return .discard }
        phase = .up(since: now)
        return .nothing
    }

    package mutating func failed(random: Double) -> Action {
        guard phase == .connecting else { return .nothing }
        phase = .waiting
        return .wait(backoff.next(random: random))
    }

    package mutating func lost(now: NIODeadline, random: Double) -> Action {
        guard case .up(let since) = phase else { return .nothing }
        if now - since >= proof { backoff.reset() }
        phase = .waiting
        return .wait(backoff.next(random: random))
    }

    package mutating func waited() -> Action {
        guard phase == .waiting else { return .nothing }
        phase = .connecting
        return .connect
    }

    package mutating func close() { phase = .closed }
}
