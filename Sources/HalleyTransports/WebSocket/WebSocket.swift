import HalleyCore
import HalleyHub
import NIOCore

/// What a held connection is besides, once it has become a WebSocket (RFC 6455): it reads what the client sends, and has
/// channels come and go.
///
/// ```
///  URL's channels, or the first asked for ──▶ the connection's own subscription ──────────────▶ events, `position`
///  asked for later ──▶ a leg ─▶ events, `own` ─▶ both live ─▶ `joined`, its seats are the connection's ──┘
/// ```
/// Messages go out as those of any stream, see ``WireFormat``. A connection that holds none of what is here costs nothing of
/// it: what there is to a moment (a message half read, legs) is let go when the moment is over.
///
/// Bounded: a message, by ``WebSocketReader/Limits``, and the time it may take; requests, by ``RequestAllowance``; channels;
/// pongs, of which only the last waits where the client takes nothing (section 5.5.3); the time without any channel.
///
/// Here is what is read, and when; how channels come and go is in WebSocketChannels.swift.
final class WebSocket {
    unowned let connection: Connection
    let server: TransportServer
    let ticket: Ticket?
    private var reader: WebSocketReader
    private var allowance: RequestAllowance
    /// Asked for, and not yet the connection's own.
    var legs: [Leg] = []
    /// The payload of a ping that couldn't be answered yet.
    private var owedPong: [UInt8]?
    /// Until when the broker must have taken the connection's first channels in.
    var joinDeadline = NIODeadline.distantFuture
    /// Until when the message that is coming must be there.
    private var messageDeadline = NIODeadline.distantFuture
    /// Until when it must have asked for a channel.
    var channelDeadline = NIODeadline.distantFuture

    /// How long a WebSocket may be without any channel.
    static let patience = TimeAmount.seconds(10)

    init(on connection: Connection, of subscription: SubscriptionRequest) {
        self.connection = connection
        server = connection.server
        ticket = subscription.ticket
        let most = server.bounds.webSocketMessageBytes
        reader = WebSocketReader(limits: .init(frame: most, message: most))
        allowance = RequestAllowance(now: server.now)
    }

    /// The handshake is over.
    func begin(_ subscription: SubscriptionRequest) {
        guard !subscription.channels.isEmpty else {
            channelDeadline = server.now + Self.patience
            return
        }
        do {
            try join(subscription.channels, from: subscription.position)
        } catch {
            connection.fail(CloseReason(.tryAgainLater, "\(error)"))
        }
    }

    /// Still what its connection is.
    var isOpen: Bool { connection.webSocket === self }

    // MARK: - What the client sends

    /// Reads all of the bytes, unless they end the WebSocket.
    func read(_ bytes: inout ByteBuffer) {
        var pongs = ByteBuffer()
        var hasWhole = false
        do throws(CloseReason) {
            while isOpen, let word = try reader.next(in: &bytes) {
                hasWhole = true
                switch word {
                case .text(let text): try take(text)
                case .binary: throw CloseReason(.unsupportedData, "only text is understood here")
                case .ping(let payload): answer(payload, &pongs)
                case .pong: break
                case .close(let code):
                    send(pongs)
                    return connection.finish(with: WebSocketFrame.close(code))
                }
            }
        } catch {
            send(pongs)
            return connection.fail(error)
        }
        send(pongs)
        if !reader.isInMidst {
            messageDeadline = .distantFuture
        } else if hasWhole || messageDeadline == .distantFuture {
            messageDeadline = server.now + server.bounds.head
        }
    }

    private func send(_ pongs: ByteBuffer) {
        if isOpen, pongs.readableBytes > 0 { connection.put(pongs) }
    }

    private func answer(_ ping: [UInt8], _ pongs: inout ByteBuffer) {
        guard connection.takesAtOnce else {
            owedPong = ping
            return
        }
        pongs.writeImmutableBuffer(WebSocketFrame.pong(ping))
    }

    private func take(_ text: [UInt8]) throws(CloseReason) {
        do {
            let request = try WebSocketRequest(text)
            try charge(request.count)
            switch request {
            case .subscribe(let channels, let position): subscribe(to: channels, from: position)
            case .unsubscribe(let channels): unsubscribe(from: channels)
            }
        } catch let error as CloseReason {
            throw error
        } catch WebSocketRequestError.refused(let why, let request) {
            try charge(1)
            connection.say(WebSocketMessage.error(why, of: request))
        } catch {
            throw CloseReason(.policyViolation, #"expected {"subscribe":[…],"position":…} or {"unsubscribe":[…]}"#)
        }
    }

    private func charge(_ channels: Int) throws(CloseReason) {
        guard allowance.takes(channels, now: server.now) else {
            throw CloseReason(.policyViolation, "too many requests in too short a time")
        }
    }

    // MARK: - The loop

    /// The turn of the loop is over, and the connection has sent what was due to it.
    func turnEnded() {
        if connection.takesAtOnce { sendWords() }
        guard isOpen else { return }
        if let pong = owedPong, connection.takesAtOnce {
            owedPong = nil
            connection.put(WebSocketFrame.pong(pong))
        }
        for leg in legs where !leg.membership.isLive && leg.takesBacklog { server.hub.resumeBacklog(of: leg) }
        absorbLegs()
    }

    /// The connection ends, perhaps within a fan-out: see ``HalleyHub/Subscriber``.
    func end() {
        for leg in legs {
            leg.end()
            server.leaveLater(leg)
        }
        legs = []
    }

    /// Called about once a second.
    func visit(now: NIODeadline) {
        if now >= joinDeadline {
            return connection.fail(CloseReason(.tryAgainLater, "the broker doesn't answer"))
        }
        if now >= messageDeadline {
            return connection.fail(CloseReason(.policyViolation, "a message took too long"))
        }
        if now >= channelDeadline {
            return connection.fail(CloseReason(.policyViolation, "no channel was asked for"))
        }
        guard !legs.contains(where: server.hub.isLost) else { return connection.closeAsTooSlow() }
        endLateLegs(now: now)
        // The connection or a leg may have come to be live without a word.
        if !legs.isEmpty { hasWords() }
    }
}
