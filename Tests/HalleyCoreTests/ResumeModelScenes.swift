extension ModelScene {
    /// Nothing is lost in Redis, and no position grows older than T: every gap speaks of an event that was really missed.
    static let trimmed = ModelScene(
        name: "trimmed", budget: [.publish: 2, .publishShort: 1, .trim: 1, .cut: 1, .join: 2, .leave: 1],
        neverNeedless: true)
    static let deleted = ModelScene(
        name: "deleted", budget: [.publish: 3, .delete: 1, .step: 1, .join: 2, .leave: 1], neverNeedless: true)

    /// And here no event leaves a log at all, so no gap is ever told: links break, subscribers move between workers.
    static let moved = ModelScene(
        name: "moved", workers: 2, budget: [.publish: 2, .tick: 1, .loseLink: 1, .join: 2, .leave: 1],
        neverNeedless: true)
    static let restarted = ModelScene(
        name: "restarted", budget: [.publish: 2, .tick: 1, .restart: 1, .step: 1, .join: 2, .leave: 1],
        neverNeedless: true)
    /// A flush, seen over a link that holds: nobody missed anything, nobody is told a gap.
    static let flushedInSight = ModelScene(
        name: "flushed in sight", workers: 2, budget: [.publish: 3, .tick: 2, .flush: 1, .step: 1], isAttached: true,
        neverNeedless: true)

    static let expired = ModelScene(
        name: "expired", budget: [.publish: 2, .tick: 1, .step: 1, .jump: 1, .back: 1, .join: 1])
    /// Single events that live longer than T.
    static let longLived = ModelScene(
        name: "long-lived", budget: [.publish: 2, .publishLong: 1, .jump: 2, .join: 2, .leave: 1])

    static let flushed = ModelScene(
        name: "flushed", budget: [.publish: 2, .flush: 1, .jump: 1, .back: 1, .join: 2, .leave: 1], timeSetBack: true)
    /// Flushed when Redis' time is past all ids: the new era is born after every old position.
    static let flushedLater = ModelScene(
        name: "flushed later", budget: [.publish: 2, .tick: 1, .flush: 1, .step: 1, .join: 2, .leave: 1])

    static let rolledBack = ModelScene(
        name: "rolled back", budget: [.publish: 3, .tick: 1, .backup: 1, .restore: 1, .step: 1, .join: 1])
    /// The subscriber's worker knows nothing of what was lost; another one does.
    static let provedLate = ModelScene(
        name: "proved late", workers: 2,
        budget: [.publish: 2, .tick: 1, .backup: 1, .restore: 1, .step: 1, .join: 1], isAttached: true)
    /// The worker that knows of what was lost dies: only the client's position tells.
    static let witnessed = ModelScene(
        name: "witnessed", budget: [.publish: 3, .backup: 1, .restore: 1, .kill: 1, .step: 1, .join: 1],
        isAttached: true)
    /// Rolled back and set back in time, so that ids are given twice.
    static let setBack = ModelScene(
        name: "set back", budget: [.publish: 2, .tick: 1, .backup: 1, .restore: 1, .kill: 1, .join: 1],
        isAttached: true, timeSetBack: true)

    static let twoTrimmed = ModelScene(
        name: "two channels, trimmed", channels: 2, budget: [.publish: 2, .publishShort: 1, .trim: 1, .join: 1])
    static let twoExpired = ModelScene(
        name: "two channels, expired", channels: 2, budget: [.publish: 2, .jump: 1, .join: 2, .leave: 1])
    static let twoFlushed = ModelScene(
        name: "two channels, flushed", channels: 2, budget: [.publish: 2, .flush: 1, .join: 2, .leave: 1],
        timeSetBack: true)

    /// The clock's key is gone, but the logs aren't.
    static let clockForgotten = ModelScene(
        name: "clock forgotten", budget: [.publish: 2, .forgetClock: 1, .tick: 1, .back: 1, .step: 1])

    static let all = [
        trimmed, deleted, moved, restarted, flushedInSight, expired, longLived, flushed, flushedLater, rolledBack,
        provedLate, witnessed, setBack, twoTrimmed, twoExpired, twoFlushed, clockForgotten,
    ]

    /// For histories drawn at random.
    static let everything = ModelScene(
        name: "everything", channels: 2, workers: 2, subscribers: 2,
        budget: [
            .publish: 30, .publishShort: 6, .publishLong: 3, .trim: 2, .cut: 2, .delete: 2, .flush: 2, .backup: 2,
            .restore: 2, .restart: 2, .step: 12, .jump: 2, .back: 2, .tick: 20, .loseLink: 4, .kill: 2, .join: 20,
            .leave: 20,
        ], depth: 150, retention: 6)
}
