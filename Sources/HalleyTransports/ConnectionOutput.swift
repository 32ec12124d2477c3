import HalleyCore
import HalleyHub
import NIOCore

/// How a connection's bytes leave: by its ``Outlet``, bounded. Where events are over the bound their client is given no more
/// for now, and goes on from the rings: see ``HalleyHub/Hub/lag(_:from:)``.
extension Connection {
    /// Sends what is due to a stream.
    func putDue(_ format: WireFormat) {
        let due = due
        self.due = .nothing
        switch due {
        case .nothing: break
        case .event(let delivery):
            put(format.frame(delivery), settles: delivery.position != nil, first: delivery)
        case .run(let run): put(format.frames(run), settles: run.delivery.position != nil, first: run.first)
        }
    }

    /// Sends events; or none of them, where there is no room: then they come from the rings, when there is.
    private func put(_ events: ByteBuffer, settles: Bool, first: @autoclosure () -> Delivery) {
        let isBacklog = isBacklogDue
        isBacklogDue = false
        if !outlet.isClear, !isBacklog, !makesRoom(for: events.readableBytes), server.hub.lag(self, from: first()) {
            return
        }
        streamEnd?.sent(events.readableBytes, settles: settles)
        put(events)
    }

    /// Shows life, and moves the position of who has everything up to it.
    func putHeartbeat(_ format: WireFormat, _ position: Position?) {
        let bytes = format.heartbeat(position)
        streamEnd?.sentHeartbeat(bytes.readableBytes, settles: position != nil)
        put(bytes)
    }

    /// Sends, or keeps what the socket doesn't take; what is over the bound, and no event, ends the connection.
    ///
    /// - Parameter isBounded: `false` for an answer that the client has asked for; it asks for no more before it has read.
    func put(_ bytes: ByteBuffer, isBounded: Bool = true) {
        stall?.gave(bytes.readableBytes)
        guard let rest = outlet.offer(bytes) else { return }
        let count = rest.readableBytes
        let isRefused = isBounded && !makesRoom(for: count)
        guard let context else { return }
        guard !isRefused else { return closeAsTooSlow() }
        outlet.queued(count)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            self.outlet.settled(count)
            if self.outlet.unsent == 0 { self.clientTookBytes() }
        }
        context.writeAndFlush(wrapOutboundOut(rest), promise: written)
    }

    func closeAsTooSlow() {
        server.slowConsumers.increment()
        close()
    }

    /// Whether there is room, or will be at once: what waits may be from this very turn, and the client quick. Only what the
    /// socket doesn't take now is slowness.
    private func makesRoom(for count: Int) -> Bool {
        if hasRoom(for: count) { return true }
        context?.flush()
        return hasRoom(for: count)
    }

    /// Whether so many bytes more may wait here. One event that is larger than the bound may, where nothing else does.
    private func hasRoom(for count: Int) -> Bool {
        if outlet.isClear { return true }
        guard context?.channel.isWritable ?? false else { return false }
        return outlet.unsent == 0 || outlet.unsent + count <= server.bounds.outboundBytes
    }

    /// Whether it takes what it was given.
    var isWritable: Bool { outlet.isClear || context?.channel.isWritable ?? false }

    /// Whether bytes wait for it here.
    private var isWaitedFor: Bool { outlet.unsent > 0 || !isWritable }

    /// Whether bytes wait for it here and it has taken nothing for too long, or the rings have dropped what it has yet to
    /// get. Asked about once a second.
    func isTooSlow(now: NIODeadline) -> Bool {
        if membership.isLagging, server.hub.isLost(self) { return true }
        guard isWaitedFor else {
            stall = nil
            return false
        }
        if let stall { return stall.isOver(untaken: outlet.untaken, now: now) }
        stall = StallWatch(untaken: outlet.untaken, now: now, bound: server.bounds.stall)
        return false
    }

    /// Shows life to a client that hears nothing else.
    func putHeartbeatIfSilent(_ format: WireFormat, _ position: Position?) {
        if !isWaitedFor { putHeartbeat(format, position) }
    }

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
