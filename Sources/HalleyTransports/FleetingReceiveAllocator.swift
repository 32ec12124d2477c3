import NIOCore

/// Where a connection's bytes are read to: buffers that are gone once they are read, but for the first.
///
/// A channel keeps the first buffer that it ever read to for as long as it lives, so the first is tiny; and it keeps no
/// other when it reads once at a time (`maxMessagesPerRead` of 1) and every buffer may differ from the last. A held
/// connection, from which nothing more is expected, then costs 240 bytes less than with a buffer of 256, and a head takes
/// two reads.
package struct FleetingReceiveAllocator: RecvByteBufferAllocator {
    private var hasRead = false

    /// The least that the system's allocator gives, in bytes.
    package static let kept = 16
    /// What one read takes at most, in bytes: the heads that browsers send, but for very long ones.
    package static let passing = 2_048

    package init() {}

    package func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: hasRead ? Self.passing : Self.kept)
    }

    /// - Returns: that the next buffer may be another: the last is not to be used again.
    package mutating func record(actualReadBytes: Int) -> Bool {
        hasRead = true
        return true
    }

    package func nextBufferSize() -> Int? { nil }
}
