import HalleyHub
import NIOCore

/// Events that are due one behind the other to a connection, and to all others that are due the same: their bytes are
/// joined once, and each connection sends them at once.
///
/// It is the largest lever there is. A `send` costs 5 µs in the kernel whatever it carries; while a fan-out to 5,000 takes
/// its 25 ms, the next events come, and all of them cost one more `send` and not one each.
///
/// Runs form a tree, a node for each beginning that somebody is due. Connections that are due the same walk the same way
/// through it, for a fan-out asks all of them for the same next event in turn: so a node need only remember the child
/// that was asked for last.
package final class Run {
    let delivery: Delivery
    private let before: Run?
    /// What it takes on the wire, about, in bytes.
    let size: Int
    fileprivate var follower: Run?
    private var joined: [(format: FrameFormat, bytes: ByteBuffer)] = []

    fileprivate init(_ delivery: Delivery, after before: Run?) {
        self.delivery = delivery
        self.before = before
        size = (before?.size ?? 0) + delivery.sizeOnWire
    }

    /// The oldest.
    var first: Delivery {
        var node = self
        while let before = node.before { node = before }
        return node.delivery
    }

    /// Oldest first.
    package var deliveries: [Delivery] {
        var deliveries: [Delivery] = []
        var node: Run? = self
        while let run = node {
            deliveries.append(run.delivery)
            node = run.before
        }
        return deliveries.reversed()
    }

    /// All the events' bytes, made by `join` at the first call and kept for those that follow in this turn of the loop.
    package func bytes(_ format: FrameFormat, join: ([Delivery]) -> ByteBuffer) -> ByteBuffer {
        for part in joined where part.format == format { return part.bytes }
        let bytes = join(deliveries)
        joined.append((format, bytes))
        return bytes
    }
}

/// What is due to a connection when this turn of the loop ends.
package enum Due {
    case nothing
    /// One event, and no memory taken for it.
    case event(Delivery)
    case run(Run)

    var isSomething: Bool { if case .nothing = self { false } else { true } }

    /// In bytes, about.
    var size: Int {
        switch self {
        case .nothing: 0
        case .event(let delivery): delivery.sizeOnWire
        case .run(let run): run.size
        }
    }

    /// With one more event behind.
    package func followed(by delivery: Delivery, in runs: inout Runs) -> Due {
        switch self {
        case .nothing: .event(delivery)
        case .event(let first): .run(runs.run(runs.beginning(first), delivery))
        case .run(let run): .run(runs.run(run, delivery))
        }
    }
}

/// All runs of one turn of the loop. It holds them until the turn ends: then nodes no longer remember their children, and
/// what no connection holds is freed.
package struct Runs {
    private var beginnings: [ObjectIdentifier: Run] = [:]
    private var last: Run?
    private var all: [Run] = []
    /// Those that remember a child: of an earlier turn too, where a connection was given something after it had been flushed.
    private var parents: [Run] = []

    package init() {}

    /// What joined bytes are bounded by, about. A `send` of so much costs far more in copying than in calling.
    static let longest = 65_536

    mutating func beginning(_ delivery: Delivery) -> Run {
        if let last, last.delivery === delivery { return last }
        let identity = ObjectIdentifier(delivery)
        let run = beginnings[identity] ?? keep(Run(delivery, after: nil))
        beginnings[identity] = run
        last = run
        return run
    }

    mutating func run(_ run: Run, _ next: Delivery) -> Run {
        if let follower = run.follower, follower.delivery === next { return follower }
        let follower = keep(Run(next, after: run))
        if run.follower == nil { parents.append(run) }
        run.follower = follower
        return follower
    }

    private mutating func keep(_ run: Run) -> Run {
        all.append(run)
        return run
    }

    /// The turn is over.
    package mutating func end() {
        guard !all.isEmpty else { return }
        for run in parents { run.follower = nil }
        parents = []
        all = []
        beginnings = [:]
        last = nil
    }
}

extension Delivery {
    /// In any format, about: the payload and what stands around it, in bytes.
    fileprivate var sizeOnWire: Int { payload.count + 192 }
}
