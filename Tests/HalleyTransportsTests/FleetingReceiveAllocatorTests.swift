import HalleyTransports
import NIOCore
import NIOEmbedded
import Testing

@Suite struct FleetingReceiveAllocatorTests {
    private let shared = NIOLoopBoundBox.makeBoxSendingValue(ByteBuffer(), eventLoop: EmbeddedEventLoop())

    private func makePool() -> NIOPooledRecvBufferAllocator {
        NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: FleetingReceiveAllocator(sharing: shared))
    }

    private func read(_ pool: inout NIOPooledRecvBufferAllocator) -> ByteBuffer {
        let (buffer, _) = pool.buffer(allocator: ByteBufferAllocator()) { $0.writeInteger(UInt8(1)) }
        pool.record(actualReadBytes: 1)
        return buffer
    }

    @Test func onlyTheFirstTinyBufferIsKept() {
        var pool = makePool()
        for count in 0..<5 {
            let buffer = read(&pool)
            #expect(buffer.readableBytes == 1)
            #expect(
                count == 0
                    ? buffer.storageCapacity == FleetingReceiveAllocator.kept
                    : buffer.storageCapacity >= FleetingReceiveAllocator.passing)
            #expect(pool.count == 1)
        }
    }

    @Test func connectionsReadToTheSameBufferOneAfterTheOther() {
        var pools = (0..<3).map { _ in makePool() }
        var places: Set<UnsafeRawPointer?> = []
        for index in 0..<9 {
            let isFirst = index < pools.count
            let buffer = read(&pools[index % pools.count])
            #expect(buffer.readableBytes == 1)
            if !isFirst { places.insert(buffer.withUnsafeReadableBytes { $0.baseAddress }) }
            FleetingReceiveAllocator.giveBack(buffer, to: shared)
        }
        #expect(places.count == 1)
    }

    @Test func whatSomebodyStillHoldsIsNotWrittenOver() {
        var pool = makePool()
        _ = read(&pool)
        let held = read(&pool)
        FleetingReceiveAllocator.giveBack(held, to: shared)
        let (next, _) = pool.buffer(allocator: ByteBufferAllocator()) { $0.writeInteger(UInt8(2)) }
        #expect(held.getInteger(at: 0, as: UInt8.self) == 1)
        #expect(next.getInteger(at: 0, as: UInt8.self) == 2)
    }
}
