/// How long one connection may take for what, and what follows when it takes longer. A client that sends a byte a second
/// would hold a socket and a task for ever.
///
/// | the connection | may take | then |
/// | --- | --- | --- |
/// | has sent nothing since it was opened or answered | `idle` | it is closed |
/// | sends a request's head | `reading` | 408, and it is closed |
/// | sends a request's body | `reading` from the head's first byte | the reader gets an error, answers 408 |
/// | is being answered | as long as the answer takes | |
/// | was answered before its request had ended | `lingering` | it is closed |
///
/// The last row is what lets a client read why it was refused: a socket that is closed with unread bytes in it sends a
/// reset, and the reset may overtake the answer.
///
/// Pure: time is passed in.
package struct RequestPace {
    package typealias Instant = ContinuousClock.Instant

    package struct Bounds {
        /// Longer than proxies keep a connection for reuse, so that they close it and not we under their request. 60 s.
        package var idle = Duration.seconds(60)
        /// For one request, head and body. 10 s: a mebibyte at under 1 Mbit/s.
        package var reading = Duration.seconds(10)
        /// For the client to read its answer and go. 2 s.
        package var lingering = Duration.seconds(2)

        package init() {}
    }

    package enum Action: Equatable {
        case none
        case close
        /// Answer 408 here, for no request has been handed on.
        case refuse
        /// Let the request's reader fail.
        case failReader
        /// Say that nothing more will be sent, and wait a moment.
        case linger
    }

    private enum Phase: Equatable {
        case idle(since: Instant)
        case head(since: Instant)
        case body(since: Instant)
        /// The reader was told, and has a moment to answer.
        case failed(since: Instant)
        case lingering(since: Instant)
        /// All that came is read; an answer is under way.
        case answering
    }

    private let bounds: Bounds
    private var phase: Phase
    /// Requests whose answer isn't written yet. More than one with pipelining.
    package private(set) var unanswered = 0

    package init(bounds: Bounds = Bounds(), now: Instant) {
        self.bounds = bounds
        phase = .idle(since: now)
    }

    /// Whether what still comes is thrown away.
    package var isLingering: Bool { if case .lingering = phase { true } else { false } }

    /// Whether an answer that begins now comes before its request has ended, so that the connection ends with it.
    package var endsWithAnswer: Bool {
        switch phase {
        case .body, .failed: unanswered == 1
        default: false
        }
    }

    /// When to ask ``timeout(now:)``; `nil` while nothing can be late.
    package var deadline: Instant? {
        switch phase {
        case .idle(let since): since + bounds.idle
        case .head(let since), .body(let since): since + bounds.reading
        case .failed(let since), .lingering(let since): since + bounds.lingering
        case .answering: nil
        }
    }

    package mutating func bytesCame(now: Instant) {
        switch phase {
        case .idle, .answering: phase = .head(since: now)
        default: break
        }
    }

    package mutating func headCame(now: Instant) {
        unanswered += 1
        switch phase {
        case .head(let since): phase = .body(since: since)
        // A second head in the same bytes.
        case .idle, .answering: phase = .body(since: now)
        default: break
        }
    }

    package mutating func requestEnded(now: Instant) {
        guard case .body = phase else { return }
        phase = unanswered > 0 ? .answering : .idle(since: now)
    }

    package mutating func answerWritten(now: Instant) -> Action {
        unanswered = max(0, unanswered - 1)
        guard unanswered == 0 else { return .none }
        switch phase {
        case .answering:
            phase = .idle(since: now)
            return .none
        case .body, .failed:
            phase = .lingering(since: now)
            return .linger
        case .idle, .head, .lingering: return .none
        }
    }

    /// The request whose head came last is not to be handed on. With an earlier one unanswered nothing may be written.
    package mutating func refused(now: Instant) -> Action {
        guard unanswered == 1 else { return .close }
        unanswered = 0
        phase = .lingering(since: now)
        return .refuse
    }

    /// What came is no HTTP. Only when no answer is under way may one be written here.
    package mutating func parsingFailed(now: Instant) -> Action {
        switch phase {
        case .lingering, .failed: return .none
        default: break
        }
        guard unanswered == 0 else {
            phase = .failed(since: now)
            return .failReader
        }
        phase = .lingering(since: now)
        return .refuse
    }

    package mutating func timeout(now: Instant) -> Action {
        guard let deadline, now >= deadline else { return .none }
        switch phase {
        case .idle, .failed, .lingering: return .close
        case .head where unanswered == 0:
            phase = .lingering(since: now)
            return .refuse
        case .head: return .close
        case .body:
            phase = .failed(since: now)
            return .failReader
        case .answering: return .none
        }
    }
}
