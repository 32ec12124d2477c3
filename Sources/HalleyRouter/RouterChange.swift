import HalleyCore

/// What one reconciliation did to the router.
public struct RouterChange: Equatable, Sendable {
    /// Servers that the router did not know and now does.
    public var added: [WorkerID] = []
    /// Servers whose address was another.
    public var readdressed: [WorkerID] = []
    /// Servers that were out of service and are wanted again.
    public var readmitted: [WorkerID] = []
    /// Servers of departed workers that take no new connections from now on.
    public var retiring: [WorkerID] = []
    /// Servers of departed workers that the router has forgotten.
    public var removed: [WorkerID] = []
    /// Workers whose address can't be resolved; they are left as they were.
    public var unresolved: [WorkerID] = []
    /// The generation committed, when the map was another.
    public var committed: EventID?

    /// No change.
    public init() {}

    /// Whether nothing was changed.
    public var isEmpty: Bool {
        added.isEmpty && readdressed.isEmpty && readmitted.isEmpty && retiring.isEmpty && removed.isEmpty
            && committed == nil
    }
}
