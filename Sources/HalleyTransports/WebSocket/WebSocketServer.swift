import Metrics
import NIOCore

/// What WebSockets need of the server that they share.
extension TransportServer {
    func upgrade(_ request: HTTPRequest, to subscription: SubscriptionRequest) -> Answer {
        do {
            let head = try WebSocketHandshake.accept(request, server: name)
            guard mayHoldMore else { return .respond(busy(subscription, because: Self.full), thenClose: true) }
            return .upgrade(subscription, head: head)
        } catch {
            return .respond(error.response, thenClose: true)
        }
    }

    func echo(_ request: HTTPRequest) -> Answer {
        do {
            return .echo(head: try WebSocketHandshake.accept(request, server: name))
        } catch {
            return .respond(error.response, thenClose: true)
        }
    }

    /// Has a leg leave the hub when no fan-out can be under way.
    func leaveLater(_ leg: Leg) {
        eventLoop.assumeIsolated().execute { self.hub.leave(leg) }
    }

    /// Notes that a WebSocket is failed, and why.
    func count(_ reason: CloseReason) {
        Counter(label: "halley_websockets_failed_total", dimensions: [("code", "\(reason.code)")]).increment()
    }
}
