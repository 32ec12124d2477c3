import NIOCore

/// Where connections' bytes are read to: one buffer for all of them, for it is read as soon as it is filled.
///
/// A channel keeps the first buffer that it ever read to for as long as it lives, so the first is tiny and its own; and it
/// keeps no other when it reads once at a time (`maxMessagesPerRead` of 1) and every buffer may differ from the last. A
/// held connection, from which nothing more is expected, then costs 240 bytes less than with a buffer of 256, and a head
/// takes two reads.
///
/// Whoever has read the shared buffer puts it back. It is empty while it is lent, so that a second reader gets a new one.
package struct FleetingReceiveAllocator: RecvByteBufferAllocator {
    private let shared: NIOLoopBoundBox<ByteBuffer>
    private var hasRead = false

    /// The least that the system's allocator gives, in bytes.
    package static let kept = 16
    /// What one read takes at most, in bytes: the longest head.
    package static let passing = HTTPRequestParser.maximumHead

    package init(sharing shared: NIOLoopBoundBox<ByteBuffer>) { self.shared = shared }

    package func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        guard hasRead else { return allocator.buffer(capacity: Self.kept) }
        var buffer = shared.value
        shared.value = ByteBuffer()
        guard buffer.storageCapacity >= Self.passing else { return allocator.buffer(capacity: Self.passing) }
        buffer.clear()
        return buffer
    }

    /// The buffer has been read, and serves the next connection.
    package static func giveBack(_ buffer: ByteBuffer, to shared: NIOLoopBoundBox<ByteBuffer>) {
        // Not the first one of a channel.
        if buffer.storageCapacity >= passing { shared.value = buffer }
    }

    /// - Returns: that the next buffer may be another: the last is not to be used again.
    package mutating func record(actualReadBytes: Int) -> Bool {
        hasRead = true
        return true
    }

    package func nextBufferSize() -> Int? { nil }
}
