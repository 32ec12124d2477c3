import HalleyCore
import Testing
import ThreadGate

/// The resume rule, and what Redis and the workers must do for it, against every history of a small world.
///
/// The promise: a subscriber that holds a position gets every durable event after it exactly once and in order, or is
/// told a gap between the last event before the missing ones and the first one after them.
@Suite(.occupiesThread, .enabled(if: ModelSearch.isFast, "millions of steps: swift test -c release"))
struct ResumeModelTests {
    @Test(arguments: ModelScene.all) func everyHistoryKeepsThePromise(scene: ModelScene) {
        let finding = ModelSearch.exhaustive(scene, ModelRules())
        print("\(scene.name): \(finding.states) moments, \(finding.steps) steps, up to \(finding.depth) long")
        #expect(finding.violation == nil, "\(finding.story)")
        #expect(finding.isComplete)
    }

    @Test func longHistoriesKeepThePromise() {
        for seed in 0..<2_000 as Range<UInt64> {
            let finding = ModelSearch.random(.everything, ModelRules(), seed: seed)
            guard finding.violation != nil else { continue }
            let history = ModelSearch.shrink(finding.history, .everything, ModelRules())
            Issue.record("seed \(seed): \(history)")
        }
    }

    /// Each clause is there because a history breaks without it.
    @Test(arguments: ModelTrap.all) func everyClauseIsNeeded(trap: ModelTrap) {
        let finding = ModelSearch.exhaustive(trap.scene, trap.rules)
        print("without \(trap.clause): \(finding.story)")
        #expect(finding.violation != nil)
    }

    /// `sinceBorn` stands behind `sameEra`: alone neither is missed where time goes forward, both are.
    @Test func bornAndEraBackEachOther() {
        var rules = ModelRules()
        rules.resume.remove(.sameEra)
        #expect(ModelSearch.exhaustive(.flushedLater, rules).violation == nil)
        rules.resume.remove(.sinceBorn)
        #expect(ModelSearch.exhaustive(.flushedLater, rules).violation != nil)
    }

    /// And nothing here needs a floor's `born`: no position of an era is older than it, and none of another era gets so far
    /// as to look at a floor.
    @Test(arguments: [ModelScene.flushed, .flushedLater, .rolledBack, .setBack, .twoFlushed])
    func bornIsASecondLine(scene: ModelScene) {
        var rules = ModelRules()
        rules.resume.remove(.sinceBorn)
        rules.redis.remove(.floorBorn)
        #expect(ModelSearch.exhaustive(scene, rules).violation == nil)
    }

    // MARK: What can't be promised

    @Test func aTimeThatNobodySawExpiresLogsInSilence() {
        var scene = ModelScene.expired
        scene.isUnlimited = true
        scene.budget = [.publish: 1, .jump: 1, .back: 3, .join: 1]
        #expect(ModelSearch.exhaustive(scene, ModelRules()).violation == .lost(channel: 0, event: 0))
    }

    @Test func aClockThatOvertakesALostPositionUnseenLosesInSilence() {
        var scene = ModelScene.setBack
        scene.isUnlimited = true
        #expect(ModelSearch.exhaustive(scene, ModelRules()).violation != nil)
    }

    @Test func aPositionOlderThanTIsToldAGapThoughNothingMayBeMissing() {
        var scene = ModelScene.expired
        scene.neverNeedless = true
        #expect(ModelSearch.exhaustive(scene, ModelRules()).violation == .needless(channel: 0))
    }
}

extension ModelScene: CustomTestStringConvertible {
    var testDescription: String { name }
}

/// A clause, and a scene that breaks without it.
struct ModelTrap: Sendable, CustomTestStringConvertible {
    let clause: String
    let scene: ModelScene
    let rules: ModelRules

    var testDescription: String { clause }

    init(_ clause: String, _ scene: ModelScene, _ takeOut: (inout ModelRules) -> Void) {
        self.clause = clause
        self.scene = scene
        var rules = ModelRules()
        takeOut(&rules)
        self.rules = rules
    }

    static let all = resume + redis + hub

    static let resume = [
        ModelTrap("sameEra", .flushed) { $0.resume.remove(.sameEra) },
        ModelTrap("notAhead", .setBack) { $0.resume.remove(.notAhead) },
        ModelTrap("linked", .trimmed) { $0.resume.remove(.linked) },
        ModelTrap("chained", .trimmed) { $0.resume.remove(.chained) },
        ModelTrap("nothingGiven", .trimmed) { $0.resume.remove(.nothingGiven) },
        ModelTrap("withinRetention", .expired) { $0.resume.remove(.withinRetention) },
        ModelTrap("wallClock", .expired) { $0.resume.remove(.wallClock) },
        ModelTrap("unbroken", .witnessed) { $0.resume.remove(.unbroken) },
        ModelTrap("presentLifeOnly", .rolledBack) { $0.resume.remove(.presentLifeOnly) },
    ]

    static let redis = [
        ModelTrap("id ≥ now", .longLived) { $0.redis.remove(.idNow) },
        ModelTrap("id > clock", .restarted) { $0.redis.remove(.idAfterClock) },
        ModelTrap("id > the log's last", .clockForgotten) { $0.redis.remove(.idAfterLast) },
        ModelTrap("floor ≥ id - T", .expired) { $0.redis.remove(.floorRetention) },
        ModelTrap("floor by the constant T", .longLived) { $0.redis.remove(.floorByConstant) },
        ModelTrap("W", .rolledBack) { $0.redis.remove(.watermark) },
        ModelTrap("W in a jump of the clock", .rolledBack) { $0.redis.remove(.wake) },
        ModelTrap("last id beside the log", .deleted) { $0.redis.remove(.lastKey) },
    ]

    static let hub = [
        ModelTrap("other eras are new, whatever the id", .flushed) { $0.hub.remove(.otherErasAreNew) },
        ModelTrap("drop what was read", .moved) { $0.hub.remove(.dropRepeats) },
        ModelTrap("await the mark", .flushed) { $0.hub.remove(.awaitMark) },
        ModelTrap("merge by id", .twoFlushed) { $0.hub.remove(.mergeByID) },
        ModelTrap("nothing above the smallest clock", .twoFlushed) { $0.hub.remove(.smallestClock) },
        ModelTrap("gaps first", .twoExpired) { $0.hub.remove(.gapsFirst) },
        ModelTrap("gaps move nothing", .twoFlushed) { $0.hub.remove(.gapsMoveNothing) },
        ModelTrap("an era after a loss is a gap", .provedLate) { $0.hub.remove(.retell) },
    ]
}
