import HalleyCore

/// The keys and channels in Redis that the broker uses, of one cluster. `NAME:<channel>` is the users'; all of Halley's
/// own stand under `NAME/`, where no `PUBLISH` to a channel can reach.
public struct RedisKeys: Hashable, Sendable {
    /// The cluster whose keys these are.
    public let cluster: ClusterName

    /// The keys of a cluster.
    public init(_ cluster: ClusterName) { self.cluster = cluster }

    /// The pub/sub channel of a channel's live events: `halley:news`.
    public func live(_ channel: Channel) -> String { cluster.publicChannel(channel) }

    /// The pub/sub channel of a channel's durable events. No `PUBLISH` to a user's channel reaches it.
    public func durable(_ channel: Channel) -> String { cluster.own("out/\(channel)") }

    /// The channel's recent durable events: a Redis stream.
    public func log(_ channel: Channel) -> String { cluster.own("log/\(channel)") }

    /// The pub/sub channel of one process' own marks.
    public func mark(_ process: Incarnation) -> String { cluster.own("mark/\(process)") }

    /// T: for how long a log stays after its last event, in milliseconds; then since when, and what could be relied on before:
    /// `<T> <since ms> <before>`. Written by `halley_retain`. The functions have an hour where it is absent.
    public var retention: String { cluster.own("retention") }

    /// The newest id given: `<ms>-<n>`. The functions derive ``born`` and ``tick`` from this key's name.
    public var clock: String { cluster.own("clock") }

    /// Where this life of the data began: `<id> <era>`.
    public var born: String { cluster.own("born") }

    /// Where the clock jumped as the server woke with data that it may not have left so: `<from> <to>`, and so on.
    public var jumps: String { cluster.own("jumps") }

    /// Up to where nothing was lost when this era began, if it began since data was found lost late: an id.
    public var kept: String { cluster.own("kept") }

    /// A pub/sub channel for ticks, `<id> <era>` or `<id> <era> rewound`, and a key that holds when the last was and its id: `<ms> <id>`.
    public var tick: String { cluster.own("tick") }

    /// The version of the function library that was loaded last; watched while loading, so that two processes that load at
    /// once can't undo each other.
    public var library: String { cluster.own("library") }
}
