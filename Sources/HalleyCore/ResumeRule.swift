/// May a subscriber go on from its position as if it had never been away?
///
/// Complete, if all of `sameEra`, `sinceBorn`, `notAhead` hold **and** one of
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
    ///   lost events belong.
    /// - ahead of the clock: the clock, so nothing. Redis went back in time and doesn't know it yet. Of the entries that it
    ///   has, the subscriber has had some, and nobody can say which.
    ///
    /// So nothing is sent a second time, and every missing event lies where the gap is told.
    public func start(of position: Position, in state: LogState) -> EventID {
        switch standing(of: position, in: state) {
        case .present: position.id
        case .otherLife: clauses.contains(.presentLifeOnly) ? state.born : min(position.id, state.born)
        case .ahead: state.clock
        }
    }

    /// Judges a position on one channel.
    public func judge(_ position: Position, in state: LogState) -> Verdict {
        switch standing(of: position, in: state) {
        case .present:
            let settled = settle(position.id, in: state)
            return settled == position.id ? .complete : .gap(to: settled)
        case .otherLife: return .gap(to: settle(state.born, in: state))
        case .ahead: return .gap(to: state.clock)
        }
    }

    private enum Standing { case present, otherLife, ahead }

    private func standing(of position: Position, in state: LogState) -> Standing {
        if clauses.contains(.sameEra), position.era != state.era { return .otherLife }
        if clauses.contains(.sinceBorn), position.id < state.born { return .otherLife }
        if clauses.contains(.notAhead), position.id > state.clock { return .ahead }
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
