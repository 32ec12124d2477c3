/// What the connections of one thread, or of all, went through.
package struct CrowdCounts: Sendable, Equatable {
    /// Told a position, once at least.
    package var opened = 0
    /// Told a position on the connection that they have now.
    package var open = 0
    /// Connections that ended after they had been open, or been asked to come back.
    package var reconnects = 0
    /// Couldn't be made.
    package var failed = 0
    /// Ended without a byte of an answer: a router does that when an address has too many.
    package var unanswered = 0
    /// Statuses of answers without events, and how often; and codes, from 1002 on, with which WebSockets were closed.
    package var refusals: [Int: Int] = [:]
    /// Answers, or parts of one, that can't be Halley's.
    package var malformed = 0
    /// What was wrong with the first of those.
    package var firstTrouble: String?
    /// Events that this run hasn't published, or not on that channel.
    package var foreign = 0
    /// Times at which a connection was told that durable events can't be had any more.
    package var gaps = 0

    package init() {}

    package mutating func add(_ other: CrowdCounts) {
        opened += other.opened
        open += other.open
        reconnects += other.reconnects
        failed += other.failed
        unanswered += other.unanswered
        refusals.merge(other.refusals, uniquingKeysWith: +)
        malformed += other.malformed
        firstTrouble = firstTrouble ?? other.firstTrouble
        foreign += other.foreign
        gaps += other.gaps
    }
}

/// What all connections together were owed, and got.
package struct DeliverySums: Sendable, Equatable {
    package var expected = 0
    package var received = 0
    package var lost = 0
    package var doubled = 0
    package var reordered = 0

    package init() {}

    package mutating func add(_ ledger: SequenceLedger, published: Int, excused: [Int]) {
        let lost = ledger.lost(of: published, excused: excused)
        received += ledger.received
        self.lost += lost
        // What Redis took without being able to say so may come, and needn't.
        expected += ledger.received + lost
        doubled += ledger.doubled
        reordered += ledger.reordered
    }

    package mutating func add(_ other: DeliverySums) {
        expected += other.expected
        received += other.received
        lost += other.lost
        doubled += other.doubled
        reordered += other.reordered
    }
}
