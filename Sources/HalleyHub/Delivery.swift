import HalleyCore
import NIOCore

import struct HalleyBroker.Stamp
import struct HalleyCore.Channel

/// One event on its way to local subscribers: encoded once per format, and the same bytes shared by all.
///
/// Bound to the hub's event loop.
public final class Delivery {
    // First what is asked when a ring lets it go, long after the rest: one line of the processor's cache.

    /// Any bytes.
    public let payload: [UInt8]
    private var frames: [(format: FrameFormat, bytes: ByteBuffer)] = []
    private let budget: RingBudget
    /// The event's place in the order of all that came over the worker's link.
    public let count: UInt64
    /// Whether the first who asks for its bytes is likely to be the last.
    private var isForOne = false
    /// What Redis recorded of it; `nil` for a live event.
    public let stamp: Stamp?
    /// Where a subscriber stands that got this event; `nil` while the hub has no watermark yet.
    public let position: Position?
    /// Where it was published.
    public let channel: Channel

    package init(
        channel: Channel, payload: [UInt8], stamp: Stamp? = nil, position: Position?, count: UInt64, budget: RingBudget
    ) {
        self.channel = channel
        self.payload = payload
        self.stamp = stamp
        self.position = position
        self.count = count
        self.budget = budget
        budget.used += payload.count + Self.overhead
    }

    deinit { budget.used -= bytes }

    /// The memory that it takes, in bytes.
    package var bytes: Int { frames.reduce(payload.count + Self.overhead) { $0 + Self.size(of: $1.bytes) } }

    /// What a frame takes, not what is in it: buffers grow by doubling.
    private static func size(of frame: ByteBuffer) -> Int { frame.storageCapacity + frameOverhead }

    /// It goes to so many now: what is encoded for a single one isn't kept. In a ring it would take more than the event
    /// itself, and what is let go at once is memory that the processor still has at hand.
    func expect(readers: Int) { isForOne = readers <= 1 }

    /// The event's bytes in a format, made by `encode`, and kept for all who ask behind the first; where one was expected they
    /// are kept from the second on.
    public func frame(_ format: FrameFormat, encode: (Delivery) -> ByteBuffer) -> ByteBuffer {
        for frame in frames where frame.format == format { return frame.bytes }
        // Before it is encoded: what a frame is made of may be a frame, and is for one then, too.
        let isForOne = isForOne
        let frame = encode(self)
        self.isForOne = false
        guard !isForOne else { return frame }
        frames.append((format, frame))
        budget.used += Self.size(of: frame)
        return frame
    }

    /// The object itself, its arrays' headers and its place in a ring: what an empty payload costs, in bytes.
    package static let overhead = 256
    /// A buffer's object, in bytes, and its place in the table.
    package static let frameOverhead = 96
}

/// Names one way to encode events; the transports number theirs.
public struct FrameFormat: Hashable, Sendable {
    /// Any number, used for one format alone.
    public let index: Int

    /// A number that no other format has.
    public init(index: Int) { self.index = index }
}

/// The memory that deliveries take at present: those in rings, and those that a fan-out still holds.
package final class RingBudget {
    /// Bytes.
    package fileprivate(set) var used = 0
    /// Bytes.
    package let limit: Int

    package init(limit: Int) { self.limit = limit }

    package var isExceeded: Bool { used > limit }
}
