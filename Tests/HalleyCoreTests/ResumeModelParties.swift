import HalleyCore

/// An id together with the number of its era.
struct ModelPosition: Equatable {
    var id: EventID
    var era: Int
}

/// What comes to a worker over its link from Redis, in the order in which Redis sent it.
enum ModelMessage {
    case event(channel: Int, event: Int, at: ModelPosition, ofLoss: Bool)
    case tick(at: ModelPosition, ofLoss: Bool)
    /// The mark that a joining subscriber asked for: what comes after it was published after it.
    case mark(subscriber: Int)
}

/// What a client is sent.
enum ModelItem {
    case event(channel: Int, event: Int, at: ModelPosition)
    /// Speaks of the channel's events before number `before`. The client's position moves when it carries one.
    case gap(channel: Int, before: Int, at: ModelPosition?)
    case heartbeat(at: ModelPosition)
}

/// A process that holds a link to Redis. Only its watermark outlives the link.
struct ModelWorker {
    var connected = true
    var queue: [ModelMessage] = []
    /// The newest id seen, by the order of the link.
    var watermark: EventID?
    /// Redis lost ids that this worker has seen, and it hasn't called since.
    var owesProof = false
    /// And Redis gives such ids a second time.
    var overtaken = false
}

/// What the oracle knows of one subscriber on one channel.
struct ModelLedger {
    /// All events before this one came or were covered by a gap.
    var next = 0
    /// A gap that was told after the last event speaks of all before this one.
    var covered = 0
    /// A gap was told and nothing came since.
    var open = false
    /// An event was passed over that Redis has lost and nobody has noticed yet.
    var debt = false
}

/// One read of a log, already walked for the subscriber.
struct ModelRead {
    enum Kind {
        case event(Int)
        /// Of the events before number `before`.
        case gap(before: Int, to: EventID)
    }

    struct Step {
        /// The event's id; for a gap that of the channel's event before it.
        let id: EventID
        let kind: Kind
    }

    let clock: EventID
    let steps: [Step]
}

/// A client with one position for all its channels, and the worker's side of its connection.
struct ModelSubscriber {
    enum Stage: UInt8 { case away, joining, live }

    /// What the client holds.
    var position: ModelPosition
    /// The position is of a time that Redis has lost, and Redis has given ids below it a second time.
    var overtaken = false
    /// The position was given in a life that Redis has lost: whether or not a worker knows, the client does.
    var isWitness = false
    var ledgers: [ModelLedger]

    var stage = Stage.away
    var worker = -1
    /// The mark has come.
    var marked = false
    var markEra = 0
    var reads: [ModelRead?]
    /// What came after the mark while the logs were still being read.
    var buffer: [ModelMessage] = []
    /// What is on its way to the client.
    var outbox: [ModelItem] = []
    /// The era of the connection, and up to which id of that era the link only repeats what was read.
    var era = 0
    var reached = EventID.zero

    mutating func rejoin() {
        stage = .joining
        marked = false
        reads = Array(repeating: nil, count: reads.count)
        buffer = []
        outbox = []
    }

    mutating func leave() {
        rejoin()
        stage = .away
        worker = -1
    }
}
