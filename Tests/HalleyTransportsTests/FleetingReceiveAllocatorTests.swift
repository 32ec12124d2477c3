import HalleyTransports
import NIOCore
import Testing

@Suite struct FleetingReceiveAllocatorTests {
    @Test func onlyTheFirstTinyBufferIsKept() {
        var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: FleetingReceiveAllocator())
        for read in 0..<5 {
            let (buffer, _) = pool.buffer(allocator: ByteBufferAllocator()) { $0.writeInteger(UInt8(1)) }
            pool.record(actualReadBytes: 1)
            #expect(
                buffer.storageCapacity == (read == 0 ? FleetingReceiveAllocator.kept : FleetingReceiveAllocator.passing)
            )
            #expect(pool.count == 1)
        }
    }
}
