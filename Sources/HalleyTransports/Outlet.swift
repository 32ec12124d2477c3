import Glibc
import NIOCore

/// The short way out of a connection: `send(2)` on its socket, with NIO as the way for what the socket doesn't take.
///
/// A write by NIO costs 2 µs of our time, the same `send` 0.1; and a fan-out is nothing but writes. Why it is safe:
/// - **Order, and half a frame.** What the socket doesn't take, be it the rest of a frame, goes to NIO at once, and as long
///   as NIO holds any of it everything else goes there too. ``unsent`` is zero again only when NIO's promises have said
///   that the socket took it all.
/// - **A connection that closes.** The descriptor is let go in `channelInactive`, which NIO calls in the same breath in
///   which it closes the socket, and on the same event loop. All that runs in between are the promises of writes that
///   fail, and those only count. So the number never names a socket that somebody else has opened since.
/// - **Errors.** None is acted upon: the bytes go to NIO, which meets the error itself and closes the channel as ever.
/// - **Re-entrance.** Nothing is called from here but the kernel. NIO may complete a promise before a write returns, so it
///   is not called while an outlet is being changed.
/// - **TLS.** Bytes that have to pass other handlers may not take this way: ``nearest(to:)`` is for a channel whose only
///   handler is the connection's. A channel without a socket, as tests have, is never asked for one.
struct Outlet {
    private var descriptor: CInt

    /// Bytes that NIO has been given and the socket hasn't taken yet.
    private(set) var unsent = 0

    /// Everything by NIO.
    static let byNIO = Outlet(descriptor: -1)

    /// The way past NIO where there is one.
    static func nearest(to context: ChannelHandlerContext) -> Outlet {
        let descriptor = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        return Outlet(descriptor: (descriptor ?? nil) ?? -1)
    }

    private init(descriptor: CInt) { self.descriptor = descriptor }

    /// Whether the socket is to be asked itself: NIO holds nothing, and needn't be asked whether it would take more.
    var isClear: Bool { descriptor >= 0 && unsent == 0 }

    /// The channel is closed, or about to be by somebody else's hand.
    mutating func close() { descriptor = -1 }

    /// Offers bytes to the socket.
    ///
    /// - Returns: what it didn't take, for NIO to write; `nil` when it took all.
    func offer(_ bytes: ByteBuffer) -> ByteBuffer? {
        guard isClear else { return bytes }
        let taken = bytes.withUnsafeReadableBytes { send(descriptor, $0.baseAddress, $0.count, Self.flags) }
        guard taken < bytes.readableBytes else { return nil }
        guard taken > 0 else { return bytes }
        return bytes.getSlice(at: bytes.readerIndex + taken, length: bytes.readableBytes - taken)
    }

    /// What comes next is likely to be answered soon, and the answer to carry its acknowledgement: the kernel is asked to
    /// delay that (`TCP_QUICKACK` of 0, tcp(7)), by 40 ms at most. It delays by itself where it has seen answers so quick,
    /// until one takes longer; from then on each request that is read is acknowledged at once, by a packet that takes as long
    /// as reading it.
    func expectQuickAnswer() {
        guard descriptor >= 0 else { return }
        var isQuickAcknowledgement: CInt = 0
        let size = socklen_t(MemoryLayout<CInt>.size)
        // Fails where the socket isn't TCP's, and then there is nothing to delay.
        _ = setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_QUICKACK, &isQuickAcknowledgement, size)
    }

    /// Bytes that the client hasn't acknowledged: what NIO holds, and what the kernel does (`SIOCOUTQ`, tcp(7), which Glibc
    /// knows by its other name). NIO alone hears of a slow client's progress only every half of ``ConnectionBounds/kernelBytes``.
    var untaken: Int {
        var inKernel: CInt = 0
        guard descriptor >= 0, ioctl(descriptor, UInt(TIOCOUTQ), &inKernel) == 0 else { return unsent }
        return unsent + Int(inKernel)
    }

    /// NIO is given so many bytes.
    mutating func queued(_ count: Int) { unsent += count }

    /// The socket has taken so many bytes of NIO's.
    mutating func settled(_ count: Int) { unsent -= count }

    /// A client that went away must be an error, not a signal; NIO's sockets don't block, and this says so again.
    private static let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
}
