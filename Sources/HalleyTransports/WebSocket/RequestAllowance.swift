import NIOCore

/// How many channels a client may name on a WebSocket in what time: a bucket that fills up at a steady rate.
///
/// A client that subscribes to a million channels one after the other, and leaves each at once, would have Redis and the
/// hub do nothing else.
struct RequestAllowance {
    /// At once: all channels of a connection four times over.
    static let most: Float = 256
    /// Channels a second, in the long run.
    static let rate: Float = 16

    private var left = RequestAllowance.most
    private var since: NIODeadline

    init(now: NIODeadline) { since = now }

    /// - Parameter channels: how many a request names; one that names none counts as one.
    /// - Returns: `false` when it is over the rate.
    mutating func takes(_ channels: Int, now: NIODeadline) -> Bool {
        let passed = Float((now - since).nanoseconds) / 1e9
        left = min(Self.most, left + passed * Self.rate)
        since = now
        left -= Float(max(1, channels))
        return left >= 0
    }
}
