/// May a subscriber go on from its position as if it had never been away?
///
/// Complete, if all of `sameEra`, `sinceBorn`, `notAhead`, `unbroken` hold **and** one of
/// - the log has an entry after the position, and the first of them links back to it (`linked`), as then every further
///   one must to the one before it (`chained`);
/// - it has none, and has given no id after the position (`nothingGiven`);
/// - there is no log, and the position is younger than anything that can have expired (`withinRetention`, `wallClock`).
///
/// Everything else is a gap. Each clause stands for a history in which events are lost in silence without it; they are
/// told at ``Clauses``, and a test takes the clauses out one by one and finds those histories again.
public struct ResumeRule: Sendable {
    /// What the rule found.
    public enum Verdict: Hashable, Sendable {
        /// Nothing after the position is missing: go on with the entries after it.
        case complete
        /// Events with ids up to `to` may be missing; none with an id between it and the first entry is.
        ///
        /// To be told before anything else that the subscriber missed, of whatever channel, and without moving its position:
        /// that one speaks for all its channels. (Told in the order of ids, at `to`, a gap could still be on its way when
        /// another channel's event had moved the position over what is missing.)
        case gap(to: EventID)
    }

    /// The clauses of the rule, so that a test can take one out.
    package struct Clauses: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// The position was written in the present era.
        ///
        /// Without it: position 20, FLUSHALL, the server's time is set back, new events get the ids 12, 13 … 21. The first
        /// entry after 20 says `prev` 19, and 12 to 19 are never seen.
        package static let sameEra = Clauses(rawValue: 1 << 0)
        /// The position isn't older than the era.
        ///
        /// No position that Halley writes is, as long as nothing older than the era is sent in it (see
        /// ``ResumeRule/start(of:in:)``), so this stands behind `sameEra`: without both, position 3, FLUSHALL, and the new
        /// life's first event, 7, is taken for the one after 3.
        package static let sinceBorn = Clauses(rawValue: 1 << 1)
        /// The position isn't ahead of the clock.
        ///
        /// Without it: position 5, Redis comes back from a backup with its clock at 3 and its time set back, and gives the id 4
        /// again. No entry stands after 5, the log's last id is 4: event 4, a new one, is filtered as already seen.
        package static let notAhead = Clauses(rawValue: 1 << 2)
        /// The first entry after the position links back to it.
        ///
        /// Without it: position 1, events 2, 3 and 4, of which the log keeps the newest two.
        package static let linked = Clauses(rawValue: 1 << 3)
        /// The log has given no id after the position.
        ///
        /// Without it: position 1, event 2, and the log is trimmed to nothing. At the end of a walk: position 1, events 2 and
        /// 3, of which 3 is deleted by hand.
        package static let nothingGiven = Clauses(rawValue: 1 << 4)
        /// The position isn't older than the time for which logs are kept.
        ///
        /// Without it: position 1, event 2, and T later the log has expired.
        package static let withinRetention = Clauses(rawValue: 1 << 5)
        /// What can have expired is judged by Redis' time, not only by its clock of ids.
        ///
        /// Without it: the clock stands still between two ticks, and for as long as no worker is there to tick, but logs go on
        /// expiring. Position 1, event 2, and T later, with the clock still at 2, the position seems young.
        package static let wallClock = Clauses(rawValue: 1 << 6)

        /// Every further entry links back to the one before it.
        ///
        /// Without it: position 1, events 2, 3 and 4, of which 3 is deleted by hand.
        package static let chained = Clauses(rawValue: 1 << 7)

        /// Of a log that holds entries from before the present era, those are not sent to a subscriber from another one.
        ///
        /// Without it: position 1, event 2 is lost with a restart from a backup, event 3 is published before anybody has
        /// noticed, then a worker tells and a new era is born at 4. The subscriber is sent 3 as if it came next.
        package static let presentLifeOnly = Clauses(rawValue: 1 << 8)

        /// The position isn't inside a jump of the clock.
        ///
        /// Without it: Redis saves at 10, a subscriber gets event 11, and misses 12; Redis is killed and comes back with its
        /// clock at 10, and the worker that knew better is gone. The next id is 15. The position 11 is neither ahead nor of
        /// another era, and no entry after it is missing from the log.
        package static let unbroken = Clauses(rawValue: 1 << 9)

        package static let all = Clauses(rawValue: .max)
    }

    let clauses: Clauses

    /// The whole rule.
    public init() { clauses = .all }

    package init(clauses: Clauses) { self.clauses = clauses }

    /// The id after which the log is to be read for a position. ``LogState/first`` speaks of the first entry after it.
    ///
    /// Usually the position's own. But ids of different lives of the data don't compare:
    /// - of another era: where the present one was born. All that its life gave is after it. What the log may have from
    ///   before is covered by the gap: after a loss nobody can say which of it the subscriber has had, nor where in it the
    ///   lost events belong. A position that is later than that comes from a newer life than this one, which Redis went
    ///   back to: what was given up to it the subscriber may have had.
    /// - ahead of the clock: the clock, so nothing. Redis went back in time and doesn't know it yet. Of the entries that it
    ///   has, the subscriber has had some, and nobody can say which.
    /// - inside a jump of the clock: its own. What Redis kept from before the jump the subscriber has had; what came after
    ///   it is new to everybody. What was lost lies between, and is covered by the gap.
    ///
    /// So nothing is sent a second time, and every missing event lies where the gap is told.
    public func start(of position: Position, in state: LogState) -> EventID {
        switch standing(of: position, in: state) {
        case .present, .lostLineage: position.id
        case .otherLife:
            clauses.contains(.presentLifeOnly)
                ? max(state.born, min(position.id, state.clock)) : min(position.id, state.born)
        case .ahead: state.clock
        }
    }

    /// Judges a position on one channel.
    public func judge(_ position: Position, in state: LogState) -> Verdict {
        switch standing(of: position, in: state) {
        case .present:
            let settled = settle(position.id, in: state)
            return settled == position.id ? .complete : .gap(to: settled)
        case .otherLife:
            // What was lost has no id beyond the last jump.
            let settled = settle(start(of: position, in: state), in: state)
            return .gap(to: max(settled, state.jumps.last?.to ?? settled))
        case .ahead: return .gap(to: state.clock)
        case .lostLineage(let end): return .gap(to: max(end, settle(position.id, in: state)))
        }
    }

    private enum Standing {
        case present, otherLife, ahead
        case lostLineage(end: EventID)
    }

    private func standing(of position: Position, in state: LogState) -> Standing {
        if clauses.contains(.sameEra), position.era != state.era { return .otherLife }
        if clauses.contains(.sinceBorn), position.id < state.born { return .otherLife }
        if clauses.contains(.notAhead), position.id > state.clock { return .ahead }
        if clauses.contains(.unbroken), let jump = state.jumps.last(where: { $0.skips(position.id) }) {
            return .lostLineage(end: jump.to)
        }
        return .present
    }

    /// The smallest id, not below the given one of the present era, from which the subscriber misses nothing.
    private func settle(_ id: EventID, in state: LogState) -> EventID {
        if let first = state.first { return clauses.contains(.linked) ? max(id, first.id) : id }
        if let last = state.lastGenerated { return clauses.contains(.nothingGiven) ? max(id, last) : id }
        guard clauses.contains(.withinRetention) else { return id }
        // Ids above the clock don't exist, however long it stands still.
        return max(id, min(horizon(of: state), state.clock))
    }

    /// Everything that can have expired is older.
    private func horizon(of state: LogState) -> EventID {
        let now = EventID(milliseconds: clauses.contains(.wallClock) ? state.now : 0, counter: 0)
        return max(now, state.clock).earlier(by: state.retention)
    }
}
