import HalleyCore
import NIOCore

import struct HalleyCore.Channel

/// One event on its way to local subscribers: encoded at most once per format, and the same bytes shared by all.
///
/// Bound to the hub's event loop.
public final class Delivery {
    public let channel: Channel
    /// Any bytes.
    public let payload: [UInt8]
    /// Where a subscriber stands that got this event; `nil` while the hub has no watermark yet.
    public let position: Position?
    /// The event's place in the order of all that came over the worker's link.
    public let count: UInt64

    private var frames: [ByteBuffer?] = []
    private let budget: RingBudget
    private(set) var bytes: Int

    init(channel: Channel, payload: [UInt8], position: Position?, count: UInt64, budget: RingBudget) {
        self.channel = channel
        self.payload = payload
        self.position = position
        self.count = count
        self.budget = budget
        bytes = payload.count + Self.overhead
        budget.used += bytes
    }

    deinit { budget.used -= bytes }

    /// The event's bytes in a format, made by `encode` at the first call and kept for all that follow.
    public func frame(_ format: FrameFormat, encode: (Delivery) -> ByteBuffer) -> ByteBuffer {
        if format.index < frames.count, let frame = frames[format.index] { return frame }
        while frames.count <= format.index { frames.append(nil) }
        let frame = encode(self)
        frames[format.index] = frame
        bytes += frame.readableBytes
        budget.used += frame.readableBytes
        return frame
    }

    /// The object itself, its arrays' headers and its place in a ring: what an empty payload costs, in bytes.
    static let overhead = 256
}

/// Names one way to encode events; the transports number theirs from 0.
public struct FrameFormat: Hashable, Sendable {
    /// 0 and up; small, as it indexes a table in each delivery.
    public let index: Int

    public init(index: Int) { self.index = index }
}

/// The memory that deliveries take at present: those in rings, and those that a fan-out still holds.
final class RingBudget {
    /// Bytes.
    var used = 0
    /// Bytes.
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var isExceeded: Bool { used > limit }
}
