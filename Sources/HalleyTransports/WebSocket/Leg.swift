import HalleyCore
import HalleyHub
import NIOCore

import struct HalleyCore.Channel

/// Channels that a client asked for when its WebSocket had others already, until they have joined those: see
/// ``HalleyHub/Hub/absorb(_:into:)``. Their messages carry `own`, a position of their own, meanwhile.
///
/// It sends nothing itself, and so never ends its connection while a fan-out is under way: what it is told waits here until
/// the turn of the loop is over, or the connection has taken what it was given before. More than fits into one `send` waits
/// in the rings.
final class Leg: Subscriber {
    /// `nil` once the connection is gone, and this is about to follow.
    private weak var webSocket: WebSocket?
    var membership = Membership()
    /// Until when it must have been taken in.
    private(set) var deadline: NIODeadline
    /// Encoded, in order; what is due comes behind.
    private var words: [ByteBuffer] = []
    private var due = Due.nothing
    private var size = 0

    init(of webSocket: WebSocket, deadline: NIODeadline) {
        self.webSocket = webSocket
        self.deadline = deadline
    }

    /// Whether there is nothing to send.
    var isEmpty: Bool { words.isEmpty && !due.isSomething }

    /// The connection is gone, or wants none of the channels: says nothing more, and holds no event.
    func end() {
        webSocket = nil
        words = []
        due = .nothing
    }

    /// In the order asked.
    private var channels: [Channel] { membership.seats.map(\.topic.channel) }

    /// What there is to send.
    func takeWords() -> [ByteBuffer] {
        settle()
        defer {
            words = []
            size = 0
        }
        return words
    }

    private func settle() {
        switch due {
        case .nothing: return
        case .event(let delivery): append(WebSocketMessage.own(delivery))
        case .run(let run): append(WebSocketMessage.own(run))
        }
        due = .nothing
    }

    private func append(_ word: ByteBuffer) {
        guard let webSocket else { return }
        words.append(word)
        size += word.readableBytes
        webSocket.hasWords()
    }

    // MARK: - The hub's word

    func joined(_ resume: Resume, at position: Position?) {
        deadline = .distantFuture
        append(WebSocketMessage.subscribed(channels, resume, at: position, isOwn: true))
    }

    func deliver(_ delivery: Delivery) {
        guard let webSocket else { return }
        // Its connection takes nothing now: what more there is waits in the rings.
        if size + due.size > Runs.longest, webSocket.lag(self, from: delivery) { return }
        due = webSocket.followed(due, by: delivery)
        if due.size > Runs.longest { settle() }
        webSocket.hasWords()
    }

    func tell(_ gap: Gap) {
        settle()
        append(WebSocketMessage.own(gap))
    }

    func reached(_ position: Position) {
        settle()
        append(WebSocketMessage.own(position, on: channels))
    }

    var takesBacklog: Bool { webSocket?.takesBacklog == true && size + due.size < Runs.longest }
}
