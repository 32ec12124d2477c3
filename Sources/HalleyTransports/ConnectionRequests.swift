import HalleyHub
import NIOCore

/// A connection's requests, one behind the other: what becomes of each, and the answers that need no waiting.
extension Connection {
    func readRequests() throws(HTTPRequestError) {
        // A client that pipelines and doesn't read its answers waits here, and the parser's bound ends it.
        while case .reading = state, isWritable, let request = try parser?.next() {
            handle(request)
        }
    }

    private func handle(_ request: HTTPRequest) {
        switch server.answer(to: request) {
        case .respond(let response, let thenClose):
            respond(
                response, keepsAlive: request.keepsAlive && !thenClose, includesBody: request.method != "HEAD")
        case .subscribe(let subscription):
            state = .joining(subscription)
            server.held += 1
            do {
                try server.hub.join(self, channels: subscription.channels, from: subscription.position)
            } catch {
                release()
                respond(server.busy(subscription, because: "\(error)"), keepsAlive: false)
            }
            if case .joining = state { deadline = server.now + server.bounds.join }
        case .probe(let probe): hold(probe)
        case .upgrade(let subscription, let head): upgrade(subscription, head: head)
        case .echo(let head): becomeEcho(head: head)
        }
    }

    private func hold(_ probe: Probe) {
        guard let context else { return }
        put(probe.beginning(server: server.name), isBounded: false)
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: probe.pause) { self.finishProbe() }
        state = .probing(HeldProbe(probe, timer: timer))
        server.held += 1
    }

    private func finishProbe() {
        guard case .probing(let held) = state else { return }
        release()
        answer(held.probe.ending, keepsAlive: held.probe.keepsAlive)
        goOnReading()
    }

    func refuse(_ error: HTTPRequestError) {
        switch state {
        case .reading: respond(.error(error.status, error.description), keepsAlive: false)
        case .joining, .streaming, .polling, .probing, .ended: close()
        }
    }

    func respond(_ response: HTTPResponse, keepsAlive: Bool, includesBody: Bool = true) {
        let bytes = response.serialized(server: server.name, keepsAlive: keepsAlive, includesBody: includesBody)
        answer(bytes, keepsAlive: keepsAlive)
    }

    func answer(_ bytes: ByteBuffer, keepsAlive: Bool) {
        if keepsAlive {
            state = .reading
            // The next head may have begun to arrive already.
            deadline = server.now + (parser?.isEmpty == true ? server.bounds.idle : server.bounds.head)
            put(bytes, isBounded: false)
        } else {
            end(with: bytes)
        }
    }

    /// The next request may have come already.
    func goOnReading() {
        guard parser?.isEmpty == false else { return }
        do { try readRequests() } catch { refuse(error) }
    }
}
