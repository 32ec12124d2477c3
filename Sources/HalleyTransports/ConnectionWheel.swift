import HalleyHub
import NIOCore

/// What time brings about: the wheel visits each connection, and holds the clock against its deadlines.
extension Connection: WheelRider {
    /// Called about once a second.
    func visit(now: NIODeadline) {
        if server.isStopping { return leaveForGood(now: now) }
        if streamEnd?.isDue(now) == true { endStream(now) }
        webSocket?.visit(now: now)
        if case .streaming = state, isTooSlow(now: now) { return closeAsTooSlow() }
        guard now >= deadline else { return }
        switch state {
        case .reading:
            if parser?.isEmpty == true {
                close()
            } else {
                respond(.error(.requestTimeout, "the request's head took too long"), keepsAlive: false)
            }
        case .joining(let request):
            respond(server.busy(request, because: "the broker doesn't answer"), keepsAlive: false)
        case .streaming(let format):
            deadline = now + server.bounds.heartbeat
            // It says where the client stands with what is due.
            putDue(format)
            putHeartbeatIfSilent(format, membership.isLive ? server.hub.position : nil)
        case .polling(let request, let poll): finish(request, poll)
        case .probing: break
        case .ended: close()
        }
    }

    /// A stream has gone on for long enough; one that has everything is told where it stands, and ends.
    private func endStream(_ now: NIODeadline) {
        guard case .streaming(let format) = state else { return }
        putDue(format)
        if membership.isLive, let position = server.hub.position { putHeartbeat(format, position) }
        if streamEnd?.isReached(now) == true { end(with: format.ending) }
    }

    /// The worker stops: every held request is ended so that its client comes back, and finds another worker.
    private func leaveForGood(now: NIODeadline) {
        switch state {
        case .reading: end(with: ByteBuffer())
        case .joining(let request):
            respond(server.busy(request, because: "this worker stops"), keepsAlive: false)
        case .streaming(let format): end(with: format.ending)
        case .polling(let request, let poll):
            answer(answer(to: request, poll, keepsAlive: false), keepsAlive: false)
        case .probing(let held): answer(held.probe.ending, keepsAlive: false)
        case .ended: if now >= deadline { close() }
        }
    }
}
