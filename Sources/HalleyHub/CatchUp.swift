import HalleyCore

import struct HalleyBroker.Watermark
import struct HalleyCore.Channel

/// One subscriber's way from its position to the link: what its channels' logs and rings hold, merged by id across the
/// channels, with a gap told where something can't be had, up to the place where the link takes over.
///
/// ```
///            position                       limit: the link's watermark when all channels were covered
///  channel A ───┼──●──────────●──────────────┼───▶ by the link from here on
///  channel B ───┼──────●──?───────●──────────┼───▶
///               └ ● ── ● gap ─ ● ── ● ───────┘  one order, by id; a gap before whatever else is due
/// ```
/// Pure: it says what to do next and is told what came of it. Why nothing is lost and nothing comes twice: each channel
/// was confirmed before the watermark came over the link, so every event up to the limit is in a log or a ring, and every
/// later one comes over the link. What a log holds beyond the limit is left to the link.
///
/// Why a gap comes first: the position speaks for all channels. Told at its `to`, a gap of B could still be due when an
/// event of A had moved the position past what B misses; a client that left just then would never hear of it.
package struct CatchUp {
    /// What to do next.
    package enum Step {
        /// Ask for the channel's log after the id. ``took(_:isFresh:for:)`` follows, in its time.
        case read(source: Int, after: EventID)
        /// Nothing, until something that was asked for has come.
        case wait
        case event(Delivery)
        case gap(Gap)
        /// Everything up to the limit has been delivered or told.
        case finished
    }

    private enum Item {
        case event(Delivery, EventID)
        case gap(from: EventID, to: EventID)
    }

    /// One channel's part of the way.
    private struct Source {
        let channel: Channel
        /// Up to where this channel's part is known; in the client's era before the first reading, then in the present one.
        var standing: Position
        /// The id after which the log is to be read next.
        var after: EventID
        /// Fetched and not yet due.
        var items: [Item] = []
        var next = 0
        /// Whether everything up to the limit has been fetched.
        var isFetched: Bool
        /// Whether the log has been held against the client's position, or needn't be.
        var isJudged: Bool
        var isReading = false
        /// Nobody wants the channel any more.
        var isForgotten = false

        var head: Item? { next < items.count ? items[next] : nil }
        var wantsReading: Bool { head == nil && !isFetched && !isReading }
    }

    /// Where the link takes over.
    package let limit: EventID
    /// Everything up to here has been delivered or told, on every channel.
    package private(set) var position: Position
    /// Whether a gap has been found so far.
    package private(set) var hasGap = false
    private let era: Era
    private var sources: [Source]

    /// - Parameters:
    ///   - position: where the subscriber stands.
    ///   - rings: for each channel its durable events after the position, from a ring that reaches back so far, or `nil`
    ///     where the log must be read.
    ///   - watermark: the link's, come after each of the channels was confirmed.
    package init(from position: Position, rings: [(channel: Channel, durable: [Delivery]?)], to watermark: Watermark) {
        self.init(from: position, to: watermark)
        sources = rings.map { channel, durable in
            var source = Source(
                channel: channel, standing: self.position, after: min(position.id, watermark.id),
                isFetched: durable != nil, isJudged: durable != nil)
            source.items = durable?.compactMap { delivery in delivery.stamp.map { .event(delivery, $0.id) } } ?? []
            return source
        }
    }

    /// The way of a subscriber whose position Redis had not given when it was asked. Of what the channels have up to the
    /// limit it may have had some, and nobody can say which: a gap, and on with the link.
    package init(ahead position: Position, channels: [Channel], to watermark: Watermark) {
        self.init(from: position, to: watermark)
        hasGap = !channels.isEmpty
        sources = channels.map { channel in
            var source = Source(
                channel: channel, standing: self.position, after: limit, isFetched: true, isJudged: true)
            source.items = [.gap(from: position.id, to: limit)]
            return source
        }
    }

    private init(from position: Position, to watermark: Watermark) {
        self.position = Position(id: position.id, era: position.era)
        limit = watermark.id
        era = watermark.era
        sources = []
    }

    /// Whether every log that had to be read has been judged against the position: then ``hasGap`` says how the resume is
    /// answered.
    package var isJudged: Bool { sources.allSatisfy(\.isJudged) }

    /// Whether nothing has to be read any more: what happens to the logs from now on is of no matter.
    package var isFetched: Bool { sources.allSatisfy(\.isFetched) }

    /// What to do next. An event or a gap that it returns counts as done.
    package mutating func next() -> Step {
        if let index = sources.firstIndex(where: \.wantsReading) {
            sources[index].isReading = true
            return .read(source: index, after: sources[index].after)
        }
        guard !sources.contains(where: \.isReading) else { return .wait }
        var best: (index: Int, delivery: Delivery, id: EventID)?
        for index in sources.indices {
            switch sources[index].head {
            case .gap(let from, let to):
                sources[index].next += 1
                return .gap(Gap(channel: sources[index].channel, from: from, to: to, position: position))
            case .event(let delivery, let id): if best.map({ id < $0.id }) ?? true { best = (index, delivery, id) }
            case nil: break
            }
        }
        guard let best else {
            position = Position(id: limit, era: era)
            return .finished
        }
        sources[best.index].next += 1
        position = Position(id: best.id, era: era)
        return .event(best.delivery)
    }

    /// The subscriber doesn't want the channel any more: nothing more of it comes, and nothing of it is waited for.
    package mutating func forget(_ index: Int) {
        sources[index].isForgotten = true
        sources[index].items = []
        sources[index].next = 0
        sources[index].isReading = false
        sources[index].isFetched = true
        sources[index].isJudged = true
    }

    /// What was asked for is in a ring: all the channel's durable events after the id that was to be read.
    ///
    /// - Returns: `false` when a ring can't answer, for the position is of another era and must be judged by the log.
    package mutating func took(ring: [Delivery], for index: Int) -> Bool {
        guard sources[index].standing.era == era else { return false }
        sources[index].items = ring.compactMap { delivery in
            delivery.stamp.flatMap { $0.id > limit ? nil : .event(delivery, $0.id) }
        }
        sources[index].next = 0
        sources[index].isReading = false
        sources[index].isFetched = true
        sources[index].isJudged = true
        return true
    }

    /// A part of a channel's log that was asked for has come. Each part is a walk of its own: between two the log may have
    /// been trimmed, or Redis have lost it.
    ///
    /// - Parameter isFresh: whether it was read for this very request; else it was in memory, and the log may have more.
    /// - Returns: `false` when it is of another era than the limit: this way leads nowhere any more.
    package mutating func took(_ segment: LogSegment, isFresh: Bool, for index: Int) -> Bool {
        var source = sources[index]
        guard !source.isForgotten else { return true }
        guard segment.era == era else { return false }
        source.isReading = false
        defer { sources[index] = source }
        let start = ResumeRule().start(of: source.standing, in: segment.state(after: source.after))
        guard start >= segment.after else {
            // Of another life of the data: what this one has begins before the part that was read.
            source.after = start
            return true
        }
        source.isJudged = true
        source.items = []
        source.next = 0
        var walk = LogWalk(from: source.standing, in: segment.state(after: start))
        let isOfThisLife = source.standing.era == era && source.standing.id == start
        var reached = isOfThisLife ? start : .zero
        var hasEntry = false
        var isAtLimit = false
        for delivery in segment.deliveries(after: walk.start) {
            guard let stamp = delivery.stamp else { continue }
            if let gap = walk.step(to: stamp.id, stamp.link) { tell(gap.from, gap.to, after: reached, in: &source) }
            hasEntry = true
            reached = stamp.id
            isAtLimit = reached > limit
            guard !isAtLimit else { break }
            source.items.append(.event(delivery, stamp.id))
        }
        if !isAtLimit, segment.isLast, let gap = walk.end() { tell(gap.from, gap.to, after: reached, in: &source) }
        source.after = max(walk.reached, segment.through)
        if !hasEntry, !segment.isLast, !isOfThisLife {
            // A page of nothing but what is older than this life, or not Halley's. The next page will speak for itself.
            tell(walk.shown, source.after, after: .zero, in: &source)
        }
        // Not at the last entry: the next part begins behind it, and would be taken for one of another life.
        source.standing = Position(id: source.after, era: era)
        source.isFetched = isAtLimit || segment.through >= limit || (isFresh && segment.isLast)
        return true
    }

    /// What lies beyond the limit comes over the link, also what the log has lost of it.
    private mutating func tell(_ from: EventID, _ to: EventID, after reached: EventID, in source: inout Source) {
        guard reached < limit else { return }
        hasGap = true
        source.items.append(.gap(from: from, to: min(to, limit)))
    }
}
