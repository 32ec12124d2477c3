/// Walks one channel's log from where a subscriber stands, entry by entry, and says where a gap is to be told.
///
/// ```
/// position   entries in the log             told
/// 3 ─────────▶ 7 (prev 5), 9 (prev 7) ──▶   gap 3…5, 7, 9          trimmed: 4 and 5 are gone
/// 3, old era ▶ 4 (prev 3), 8 (prev 4) ──▶   gap 3…6, 8             the new era was born at 6
/// 3 ─────────▶ none, last id 5 ──────────▶  gap 3…5
/// ```
/// A subscriber of several channels gets their entries merged by id, but a gap as soon as it is found: after the channel's
/// entry before it, ahead of any other channel's. A gap moves no position. When everything is sent, the subscriber stands
/// where the link goes on, and is told so.
///
/// A log too long for one read is read in pages, and each page is a walk of its own, from the position that the one before
/// it ``reached``: between two pages the log may have been trimmed, or Redis have lost it.
public struct LogWalk: Sendable {
    /// The word that events between two ids can't be had any more.
    public struct Gap: Hashable, Sendable {
        /// The last id that the subscriber had before; of an older era, or of a clock that went back, it may be above ``to``.
        public let from: EventID
        /// Of the present era. No event between this and the channel's next one is missing.
        public let to: EventID
    }

    /// What the rule found for the position.
    public let verdict: ResumeRule.Verdict
    /// The id after which the walk begins; entries up to it are not for this subscriber.
    public let start: EventID
    /// Up to where the subscriber has everything or was told, in the present era.
    public private(set) var reached: EventID

    private let clauses: ResumeRule.Clauses
    private let lastGenerated: EventID?
    /// The last id that the subscriber had: where the next gap begins.
    package private(set) var shown: EventID
    private var pending: EventID?
    private var isFirst = true

    /// Begins at a position.
    /// - Parameter state: what was read along with the entries after ``ResumeRule/start(of:in:)``.
    public init(from position: Position, in state: LogState) { self.init(from: position, in: state, by: ResumeRule()) }

    package init(from position: Position, in state: LogState, by rule: ResumeRule) {
        verdict = rule.judge(position, in: state)
        start = rule.start(of: position, in: state)
        reached = start
        clauses = rule.clauses
        lastGenerated = state.lastGenerated
        shown = position.era == state.era ? position.id : min(position.id, state.kept ?? position.id)
        if case .gap(let to) = verdict { pending = to }
    }

    /// Steps to the next entry after ``start``.
    /// - Returns: the gap that is to be told before it.
    public mutating func step(to id: EventID, _ link: Link) -> Gap? {
        let told = take(link.hole(after: max(reached, pending ?? reached)), by: isFirst ? .linked : .chained)
        isFirst = false
        shown = id
        reached = id
        return told
    }

    /// Ends the walk, when the log has no more.
    /// - Returns: the gap that is to be told after the last entry.
    public mutating func end() -> Gap? {
        take(lastGenerated.flatMap { $0 > max(reached, pending ?? reached) ? $0 : nil }, by: .nothingGiven)
    }

    /// The gap up to a hole just found, or the one that is still to be told.
    private mutating func take(_ hole: EventID?, by clause: ResumeRule.Clauses) -> Gap? {
        let found = clauses.contains(clause) ? hole : nil
        guard let to = found ?? pending else { return nil }
        defer {
            shown = to
            reached = max(reached, to)
            pending = nil
        }
        return Gap(from: shown, to: to)
    }
}
