import HalleyCore
import Testing

@Suite struct ResumeRuleTests {
    private static let old = Era("oldEra")
    private static let present = Era("newEra")

    private func id(_ milliseconds: UInt64, _ counter: UInt64 = 0) -> EventID {
        EventID(milliseconds: milliseconds, counter: counter)
    }

    private func position(_ milliseconds: UInt64, old: Bool = false) throws -> Position {
        Position(id: id(milliseconds), era: try #require(old ? Self.old : Self.present))
    }

    /// The era was born at 100, the clock is at 1000, T is 300.
    private func state(
        now: UInt64 = 1000, clock: UInt64 = 1000, last: UInt64? = nil, first: Link? = nil
    ) throws -> LogState {
        LogState(
            now: now, clock: id(clock), born: id(100), era: try #require(Self.present), retention: 300,
            lastGenerated: last.map { id($0) }, first: first)
    }

    @Test func aFirstEntryThatLinksBackIsComplete() throws {
        let rule = ResumeRule()
        for link in [Link.prev(id(500)), .prev(id(499, 7)), .floor(id(500)), .floor(id(100))] {
            #expect(rule.judge(try position(500), in: try state(last: 900, first: link)) == .complete)
        }
        for link in [Link.prev(id(500, 1)), .floor(id(500, 1))] {
            let verdict = rule.judge(try position(500), in: try state(last: 900, first: link))
            #expect(verdict == .gap(to: id(500, 1)))
        }
    }

    @Test func withoutAnEntryTheLastIDDecides() throws {
        let rule = ResumeRule()
        #expect(rule.judge(try position(500), in: try state(last: 500)) == .complete)
        #expect(rule.judge(try position(500), in: try state(last: 120)) == .complete)
        #expect(rule.judge(try position(500), in: try state(last: 501)) == .gap(to: id(501)))
    }

    @Test func withoutALogAgeDecides() throws {
        let rule = ResumeRule()
        #expect(rule.judge(try position(700), in: try state()) == .complete)
        #expect(rule.judge(try position(699), in: try state()) == .gap(to: id(700)))
        // The clock of ids stands still when nobody ticks, and runs ahead when time is set back.
        #expect(rule.judge(try position(700), in: try state(now: 1001)) == .gap(to: id(701)))
        #expect(rule.judge(try position(700), in: try state(now: 5)) == .complete)
        #expect(rule.judge(try position(400), in: try state(now: 2000, clock: 500)) == .gap(to: id(500)))
        #expect(rule.judge(try position(500), in: try state(now: 2000, clock: 500)) == .complete)
    }

    @Test func anotherLifeIsAGapUpToItsEnd() throws {
        let rule = ResumeRule()
        for id in [50, 100, 500, 5000] as [UInt64] {
            let held = try position(id, old: true)
            let read = try state(last: 900, first: .prev(self.id(90)))
            // Later than the present life's birth: it comes from a newer one, and nothing is sent to it twice.
            let start = max(self.id(100), min(self.id(id), read.clock))
            #expect(rule.start(of: held, in: read) == start)
            #expect(rule.judge(held, in: read) == .gap(to: start))
            // The present life's own log may be trimmed as well.
            let trimmed = try state(last: 900, first: .prev(self.id(400)))
            #expect(rule.judge(held, in: trimmed) == .gap(to: max(start, self.id(400))))
        }
        #expect(rule.judge(try position(99), in: try state(last: 99)) == .gap(to: id(100)))
        #expect(rule.judge(try position(100), in: try state(last: 99)) == .complete)
    }

    @Test func aheadOfTheClockIsAGapAtOnce() throws {
        let rule = ResumeRule()
        let held = Position(id: id(1000, 1), era: try #require(Self.present))
        #expect(rule.judge(held, in: try state(last: 900)) == .gap(to: id(1000)))
        #expect(rule.start(of: held, in: try state(last: 900)) == id(1000))
        let far = Position(id: id(.max, .max), era: try #require(Self.present))
        #expect(rule.judge(far, in: try state()) == .gap(to: id(1000)))
    }

    @Test func insideAJumpOfTheClockIsAGapUpToItsEnd() throws {
        let rule = ResumeRule()
        var read = try state(last: 900, first: .prev(id(400)))
        read.jumps = [Jump(from: id(200), to: id(300)), Jump(from: id(450), to: id(600))]
        // Both ends are of the present life.
        for whole in [450, 600, 700] as [UInt64] {
            #expect(rule.judge(try position(whole), in: read) == .complete)
        }
        for lost in [451, 500, 599] as [UInt64] {
            #expect(rule.judge(try position(lost), in: read) == .gap(to: id(600)))
            #expect(rule.start(of: try position(lost), in: read) == id(lost))
        }
        #expect(rule.judge(try position(250), in: read) == .gap(to: id(400)), "the log begins later than the jump ends")
        // What was published after the jump is new to whoever stands inside it.
        #expect(
            told(try position(500), read, [(601, .prev(id(400))), (900, .prev(id(601)))]) == ["500…600", "601", "900"])
        read.first = nil
        read.lastGenerated = id(400)
        #expect(told(try position(500), read) == ["500…600"])
    }

    @Test func aLinkShowsAHole() {
        #expect(Link.prev(id(5)).hole(after: id(5)) == nil)
        #expect(Link.prev(id(6)).hole(after: id(5)) == id(6))
        #expect(Link.floor(id(4)).hole(after: id(5)) == nil)
        #expect(Link.floor(id(6)).hole(after: id(5)) == id(6))
    }

    @Test func earlierNeverGoesBelowZero() {
        #expect(id(500, 9).earlier(by: 200) == id(300))
        #expect(id(500, 9).earlier(by: 500) == .zero)
        #expect(id(500, 9).earlier(by: .max) == .zero)
    }

    // MARK: Walking

    /// What a subscriber is told: `500…600` is a gap, a number an event.
    private func told(
        _ position: Position, _ state: LogState, _ entries: [(id: UInt64, link: Link)] = []
    ) -> [String] {
        var walk = LogWalk(from: position, in: state)
        var told: [String] = []
        func note(_ gap: LogWalk.Gap?) {
            if let gap { told.append("\(gap.from.milliseconds)…\(gap.to.milliseconds)") }
        }
        for entry in entries {
            note(walk.step(to: id(entry.id), entry.link))
            told.append("\(entry.id)")
        }
        note(walk.end())
        note(walk.end())
        return told
    }

    @Test func walksACompleteLog() throws {
        let read = try state(last: 800, first: .prev(id(500)))
        let entries: [(UInt64, Link)] = [(600, .prev(id(500))), (800, .prev(id(600)))]
        #expect(told(try position(500), read, entries) == ["600", "800"])
        #expect(LogWalk(from: try position(500), in: read).verdict == .complete)
    }

    @Test func tellsTheGapBeforeTheFirstEntryOnce() throws {
        let read = try state(last: 800, first: .prev(id(600)))
        let entries: [(UInt64, Link)] = [(700, .prev(id(600))), (800, .prev(id(700)))]
        #expect(told(try position(500), read, entries) == ["500…600", "700", "800"])
        #expect(LogWalk(from: try position(500), in: read).verdict == .gap(to: id(600)))
    }

    @Test func tellsEveryHoleInTheMiddleAndAtTheEnd() throws {
        let read = try state(last: 900, first: .prev(id(500)))
        let entries: [(UInt64, Link)] = [(600, .prev(id(500))), (800, .prev(id(700)))]
        #expect(told(try position(500), read, entries) == ["600", "600…700", "800", "800…900"])
    }

    @Test func tellsTheGapOfAnotherLifeEvenWhenTheLogIsEmpty() throws {
        #expect(told(try position(50, old: true), try state()) == ["50…700"])
        #expect(told(try position(50, old: true), try state(now: 200, clock: 200)) == ["50…100"])
        #expect(told(try position(500, old: true), try state(now: 200, clock: 200)) == ["500…200"])
        let read = try state(last: 150, first: .floor(id(100)))
        #expect(told(try position(50, old: true), read, [(150, .floor(id(100)))]) == ["50…100", "150"])
    }

    /// A page is judged as a resume from where the page before it ended.
    @Test func aPageAfterTheLogWasTrimmedHasAGap() throws {
        var first = LogWalk(from: try position(500), in: try state(last: 800, first: .prev(id(500))))
        let gap = first.step(to: id(600), .prev(id(500)))
        #expect(gap == nil && first.reached == id(600))
        let between = Position(id: first.reached, era: try #require(Self.present))
        let read = try state(last: 900, first: .prev(id(800)))
        #expect(told(between, read, [(900, .prev(id(800)))]) == ["600…800", "900"])
    }
}
