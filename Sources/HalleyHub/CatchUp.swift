import HalleyCore

import struct HalleyBroker.Watermark
import struct HalleyCore.Channel

/// One subscriber's way from its position to the link: what its channels' logs and rings hold, merged by id across the
/// channels, with a gap told where something can't be had, up to the place where the link takes over.
///
/// ```
///            position                       limit: the link's watermark when all channels were covered
///  channel A ───┼──●──────────●──────────────┼───▶ by the link from here on
///  channel B ───┼──────●───?──────●──────────┼───▶
///               └ ● ── ● ─ gap ─ ● ─ ● ──────┘  one order, by id
/// ```
/// Pure: it says what to do next and is told what came of it. Why nothing is lost and nothing comes twice: each channel
/// was confirmed before the watermark came over the link, so every event up to the limit is in a log or a ring, and every
/// later one comes over the link. What a log holds beyond the limit is left to the link.
package struct CatchUp {
    /// What to do next.
    package enum Step {
        /// Ask for the channel's log after the id. ``took(_:for:)`` follows, in its time.
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

        /// Its place in the common order: a gap stands after an event of the same id.
        var place: (EventID, Int) {
            switch self {
            case .event(_, let id): (id, 0)
            case .gap(_, let to): (to, 1)
            }
        }
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

        var head: Item? { next < items.count ? items[next] : nil }
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
        self.position = Position(id: position.id, era: position.era)
        limit = watermark.id
        era = watermark.era
        sources = rings.map { channel, durable in
            var source = Source(
                channel: channel, standing: position, after: min(position.id, watermark.id), isFetched: durable != nil,
                isJudged: durable != nil)
            source.items = durable?.compactMap { delivery in delivery.stamp.map { .event(delivery, $0.id) } } ?? []
            return source
        }
    }

    /// Whether every log that had to be read has been judged against the position: then ``hasGap`` says how the resume is
    /// answered.
    package var isJudged: Bool { sources.allSatisfy(\.isJudged) }

    /// What to do next. An event or a gap that it returns counts as done.
    package mutating func next() -> Step {
        if let index = sources.indices.first(where: { wantsReading($0) }) {
            sources[index].isReading = true
            return .read(source: index, after: sources[index].after)
        }
        guard !sources.contains(where: \.isReading) else { return .wait }
        var best: (index: Int, item: Item)?
        for index in sources.indices {
            guard let item = sources[index].head else { continue }
            if best.map({ item.place < $0.item.place }) ?? true { best = (index, item) }
        }
        guard let best else {
            position = Position(id: limit, era: era)
            return .finished
        }
        sources[best.index].next += 1
        return take(best.item, of: best.index)
    }

    private func wantsReading(_ index: Int) -> Bool {
        sources[index].head == nil && !sources[index].isFetched && !sources[index].isReading
    }

    private mutating func take(_ item: Item, of index: Int) -> Step {
        switch item {
        case .event(let delivery, let id):
            position = Position(id: id, era: era)
            return .event(delivery)
        case .gap(let from, let to):
            let isShared = sources.contains { $0.head.map { $0.place.0 <= to } ?? false }
            let place = isShared ? nil : Position(id: to, era: era)
            if let place { position = place }
            return .gap(Gap(channel: sources[index].channel, from: from, to: to, position: place))
        }
    }

    /// A part of a channel's log that was asked for has come. Each part is a walk of its own: between two the log may have
    /// been trimmed, or Redis have lost it.
    ///
    /// - Parameter isFresh: whether it was read for this very request; else it was in memory, and the log may have more.
    package mutating func took(_ segment: LogSegment, isFresh: Bool, for index: Int) {
        var source = sources[index]
        source.isReading = false
        defer { sources[index] = source }
        let start = ResumeRule().start(of: source.standing, in: segment.state(after: source.after))
        guard start >= segment.after else {
            // Of another life of the data: what this one has begins before the part that was read.
            source.after = start
            return
        }
        source.isJudged = true
        source.items = []
        source.next = 0
        var walk = LogWalk(from: source.standing, in: segment.state(after: start))
        var isAtLimit = false
        for delivery in segment.deliveries(after: walk.start) {
            guard let stamp = delivery.stamp else { continue }
            if let gap = walk.step(to: stamp.id, stamp.link) { tell(gap, in: &source) }
            isAtLimit = stamp.id > limit
            guard !isAtLimit else { break }
            source.items.append(.event(delivery, stamp.id))
        }
        if !isAtLimit, segment.isLast, let gap = walk.end() { tell(gap, in: &source) }
        source.after = max(walk.reached, segment.through)
        // Not at the last entry: the next part begins behind it, and would be taken for one of another life.
        source.standing = Position(id: source.after, era: segment.era)
        source.isFetched = isAtLimit || segment.through >= limit || (isFresh && segment.isLast)
    }

    /// What lies beyond the limit comes over the link.
    private mutating func tell(_ gap: LogWalk.Gap, in source: inout Source) {
        hasGap = true
        source.items.append(.gap(from: gap.from, to: min(gap.to, limit)))
    }
}
