import HalleyHub
import NIOCore

/// How a connection becomes a WebSocket, and ends as one.
extension Connection: RemovableChannelHandler {
    /// - Parameter head: of the answer that says so.
    func upgrade(_ subscription: SubscriptionRequest, head: ByteBuffer) {
        // A client may begin to send before it has the answer.
        var early = ByteBuffer(bytes: parser?.takeRest() ?? [])
        parser = nil
        let webSocket = WebSocket(on: self, of: subscription)
        self.webSocket = webSocket
        state = .streaming(WireFormat(subscription))
        server.held += 1
        deadline = server.now + server.firstHeartbeat()
        put(head, isBounded: false)
        webSocket.begin(subscription)
        if early.readableBytes > 0 { self.webSocket?.read(&early) }
    }

    /// Sends a message behind all that is due.
    func say(_ message: ByteBuffer) {
        guard case .streaming(let format) = state else { return }
        putDue(format)
        put(message)
    }

    /// Whether what is sent now doesn't wait behind what the client hasn't taken.
    var takesAtOnce: Bool { outlet.unsent == 0 && isWritable }

    /// Fails the WebSocket: says why, and closes (RFC 6455, section 7.1.7).
    func fail(_ reason: CloseReason) {
        server.count(reason)
        finish(with: WebSocketFrame.close(reason))
    }

    /// Sends the close frame and closes, without waiting for the client's: whoever gets the frame has all that came before
    /// it, and whoever doesn't close his end as well is closed by the wheel.
    func finish(with close: ByteBuffer) {
        guard webSocket != nil else { return }
        end(with: close)
        deadline = min(deadline, server.now + Self.closingPatience)
    }

    /// How long a client that was told of the end may take to end its side. A round trip.
    private static let closingPatience = TimeAmount.seconds(5)

    /// Hands the connection to an echo of whatever comes.
    ///
    /// - Parameter head: of the answer that says so.
    func becomeEcho(head: ByteBuffer) {
        guard let context else { return }
        let early = ByteBuffer(bytes: parser?.takeRest() ?? [])
        parser = nil
        put(head, isBounded: false)
        let echo = WebSocketEcho(early: early, shared: server.receiveBuffer)
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(echo, position: .after(self))
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            close()
        }
    }
}
