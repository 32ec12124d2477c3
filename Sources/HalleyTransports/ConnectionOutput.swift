import HalleyCore
import HalleyHub
import NIOCore

/// How a connection's bytes leave: by its ``Outlet``, bounded.
extension Connection {
    /// Sends what is due to a stream.
    func putDue(_ format: WireFormat) {
        let due = due
        self.due = .nothing
        switch due {
        case .nothing: break
        case .event(let delivery): put(format.frame(delivery), settles: delivery.position != nil)
        case .run(let run): put(format.frames(run), settles: run.delivery.position != nil)
        }
    }

    private func put(_ events: ByteBuffer, settles: Bool) {
        streamEnd?.sent(events.readableBytes, settles: settles)
        put(events)
    }

    /// Shows life, and moves the position of who has everything up to it.
    func putHeartbeat(_ format: WireFormat, _ position: Position?) {
        let bytes = format.heartbeat(position)
        streamEnd?.sentHeartbeat(bytes.readableBytes, settles: position != nil)
        put(bytes)
    }

    /// Sends, or keeps what the socket doesn't take; over the bound the client is too slow.
    ///
    /// - Parameter isBounded: `false` for an answer that the client has asked for; it asks for no more before it has read.
    func put(_ bytes: ByteBuffer, isBounded: Bool = true) {
        guard let rest = outlet.offer(bytes) else { return }
        let count = rest.readableBytes
        // What waits may be from this very turn, and the client quick: only what the socket doesn't take now is slowness.
        if isBounded, !hasRoom(for: count) { context?.flush() }
        guard let context else { return }
        guard !isBounded || hasRoom(for: count) else {
            server.slowConsumers.increment()
            return close()
        }
        outlet.queued(count)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            self.outlet.settled(count)
            if self.outlet.unsent == 0 { self.clientTookBytes() }
        }
        context.writeAndFlush(wrapOutboundOut(rest), promise: written)
    }

    /// Whether so many bytes more may wait here. One event that is larger than the bound may, where nothing else does.
    private func hasRoom(for count: Int) -> Bool {
        if outlet.isClear { return true }
        guard context?.channel.isWritable ?? false else { return false }
        return outlet.unsent == 0 || outlet.unsent + count <= server.bounds.outboundBytes
    }

    /// Whether it takes what it was given.
    var isWritable: Bool { outlet.isClear || context?.channel.isWritable ?? false }

    /// It reads. Where a backlog waits for that it shows life as well as a heartbeat, and what paused may go on: in the next
    /// turn, for this may be said in the midst of a write.
    func clientTookBytes() {
        if case .streaming = state, !membership.isLive { deadline = server.now + server.bounds.heartbeat }
        server.markDirty(self)
    }

    /// - Returns: whether the connection wasn't marked before.
    func markDirty() -> Bool {
        defer { isDirty = true }
        return !isDirty
    }
}
