import NIOCore

/// When a streamed answer with limits ends: once it has gone on for long enough, and behind a message that told the client
/// where it stands. Ended anywhere else, the client would be sent some events again, or the same ones for ever.
final class StreamEnd {
    /// Bytes of messages that are left; `nil` for any number.
    private var bytes: Int?
    /// `nil` for never.
    private let end: NIODeadline?
    /// Whether the client knows where it stands with all that it was sent.
    private var isSettled = true

    /// `nil` where nothing is limited.
    init?(_ limits: StreamLimits, now: NIODeadline) {
        guard limits.isLimited else { return nil }
        bytes = limits.bytes > 0 ? Int(limits.bytes) : nil
        end = limits.seconds > 0 ? now + .seconds(Int64(limits.seconds)) : nil
    }

    /// A message was sent.
    ///
    /// - Parameter settles: whether it says where the client stands with it and all before.
    func sent(_ count: Int, settles: Bool) {
        bytes = bytes.map { $0 - count }
        isSettled = settles
    }

    /// A heartbeat was sent; one without a position leaves the client where it stands.
    func sentHeartbeat(_ count: Int, settles: Bool) { sent(count, settles: settles || isSettled) }

    /// Whether it has gone on for long enough.
    func isDue(_ now: NIODeadline) -> Bool { (bytes ?? 1) <= 0 || end.map { now >= $0 } ?? false }

    /// Whether the answer may end now.
    func isReached(_ now: NIODeadline) -> Bool { isSettled && isDue(now) }

    /// Whether another event may go behind so many bytes that are still to be sent.
    func takes(behind due: Int, _ now: NIODeadline) -> Bool {
        !isReached(now) && (due == 0 || due < bytes ?? .max)
    }
}
