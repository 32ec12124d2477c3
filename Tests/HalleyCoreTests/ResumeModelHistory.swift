import HalleyCore

/// One step of a history.
enum ModelAction: Hashable, Sendable {
    case publish(channel: Int, history: Int = 9, ttl: UInt64 = 0)
    /// The log is trimmed to nothing, by hand.
    case trim(channel: Int)
    /// The log's newest entry is deleted, by hand.
    case cut(channel: Int)
    /// The log's key is deleted, by hand or by eviction.
    case delete(channel: Int)
    /// The clock's key is deleted.
    case forgetClock
    case flush
    /// A backup is made, or a replica stops to follow.
    case backup
    /// Redis restarts with the backup, or that replica is promoted.
    case restore
    /// Redis restarts with all its data.
    case restart
    /// Redis' time moves by so many milliseconds.
    case time(Int)
    case tick(worker: Int)
    /// The worker handles the next message from its link.
    case handle(worker: Int)
    case loseLink(worker: Int)
    case reconnect(worker: Int)
    /// The worker dies and starts anew, knowing nothing.
    case kill(worker: Int)
    /// A client comes, and its subscriptions are confirmed.
    case join(subscriber: Int, worker: Int)
    /// The log is read for a subscriber, as it is at that moment.
    case read(subscriber: Int, channel: Int)
    /// The client receives the next thing of what it missed.
    case receive(subscriber: Int)
    case leave(subscriber: Int)

    /// Under which name a budget counts it.
    var kind: Kind {
        switch self {
        case .publish(_, let history, let ttl): ttl > 0 ? .publishLong : history < 9 ? .publishShort : .publish
        case .trim: .trim
        case .cut: .cut
        case .delete: .delete
        case .forgetClock: .forgetClock
        case .flush: .flush
        case .backup: .backup
        case .restore: .restore
        case .restart: .restart
        case .time(let step): step < 0 ? .back : step > 1 ? .jump : .step
        case .tick: .tick
        case .handle: .handle
        case .loseLink: .loseLink
        case .reconnect: .reconnect
        case .kill: .kill
        case .join: .join
        case .read: .read
        case .receive: .receive
        case .leave: .leave
        }
    }

    enum Kind: Int, CaseIterable, Sendable {
        case publish, publishShort, publishLong, trim, cut, delete, forgetClock, flush, backup, restore, restart
        case step, jump, back, tick, handle, loseLink, reconnect, kill, join, read, receive, leave
    }
}

extension ModelAction: CustomStringConvertible {
    var description: String {
        switch self {
        case .publish(let channel, let history, let ttl):
            "publish on \(channel)" + (ttl > 0 ? ", to live \(ttl)" : history < 9 ? ", keep \(history)" : "")
        case .trim(let channel): "trim \(channel)"
        case .cut(let channel): "delete newest of \(channel)"
        case .delete(let channel): "delete log of \(channel)"
        case .time(let step): "time \(step)"
        case .tick(let worker): "tick by w\(worker)"
        case .handle(let worker): "w\(worker) handles"
        case .loseLink(let worker): "w\(worker) loses link"
        case .reconnect(let worker): "w\(worker) reconnects"
        case .kill(let worker): "kill w\(worker)"
        case .join(let subscriber, let worker): "s\(subscriber) joins at w\(worker)"
        case .read(let subscriber, let channel): "read \(channel) for s\(subscriber)"
        case .receive(let subscriber): "s\(subscriber) receives"
        case .leave(let subscriber): "s\(subscriber) leaves"
        case .forgetClock, .flush, .backup, .restore, .restart: "\(kind)"
        }
    }
}

/// What a history may not do.
enum ModelViolation: Hashable, Sendable, CustomStringConvertible {
    /// An event was missed, and no gap told at its place.
    case lost(channel: Int, event: Int)
    /// An event came again, or after a later one.
    case repeated(channel: Int, event: Int)
    /// A gap was told where nothing was missed.
    case needless(channel: Int)
    /// Redis refused a publish since its id wasn't above the log's last.
    case refused(channel: Int)

    var description: String {
        switch self {
        case .lost(let channel, let event): "event \(event) of channel \(channel) is lost in silence"
        case .repeated(let channel, let event): "event \(event) of channel \(channel) comes again"
        case .needless(let channel): "a gap on channel \(channel), and nothing was missed"
        case .refused(let channel): "a publish on channel \(channel) is refused"
        }
    }
}

/// A family of histories: who is there, and how often each kind of thing may happen.
struct ModelScene: Sendable {
    var name: String
    var channels = 1
    var workers = 1
    var subscribers = 1
    /// Kinds that aren't named don't happen. What follows from others (`handle`, `receive`, `read`) is bounded by them.
    var budget: [ModelAction.Kind: UInt8]
    /// The first subscriber is there from the start, on the last worker.
    var isAttached = false
    /// The longest history.
    var depth = 99
    /// T, in milliseconds.
    var retention: UInt64 = 3
    /// A gap is only told where something was missed.
    var neverNeedless = false
    /// Redis may lose data while its time is still one that it has given ids of.
    var timeSetBack = false
    /// No assumption (see `ResumeModelAssumptions.swift`) limits what happens.
    var isUnlimited = false
}

extension ModelScene {
    /// The scene's numbers alone, quick to copy.
    struct Bounds {
        /// How often each kind may happen.
        var limits = SIMD32<UInt8>()
        let retention: UInt64
        let neverNeedless: Bool
        let timeSetBack: Bool
        let isUnlimited: Bool
    }

    var bounds: Bounds {
        var bounds = Bounds(
            retention: retention, neverNeedless: neverNeedless, timeSetBack: timeSetBack, isUnlimited: isUnlimited)
        for (kind, limit) in budget { bounds.limits[kind.rawValue] = limit }
        return bounds
    }
}
