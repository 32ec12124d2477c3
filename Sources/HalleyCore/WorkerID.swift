/// Names a worker in the registry, the shard map and the router: `worker-1`.
public struct WorkerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name itself.
    public let description: String

    /// `nil` unless the text is 1 to 64 bytes of `A-Z a-z 0-9 . _ -`, which is what HAProxy takes as a server's name.
    public init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || [0x2D, 0x2E, 0x5F].contains($0) })
        else { return nil }
        description = String(text)
    }

    /// By the bytes of the name.
    public static func < (left: WorkerID, right: WorkerID) -> Bool { left.description < right.description }
}
