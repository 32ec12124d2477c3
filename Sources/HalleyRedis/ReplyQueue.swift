import DequeModule
import NIOCore

/// What one connection still has to hear from Redis, in the order in which it asked. Pure: it decides what a value that
/// came means, and never acts.
///
/// Redis answers in order, so the head of the queue is what the next value answers. Messages are the exception: on a
/// connection that has subscribed they come between the answers, and belong to nobody.
package struct ReplyQueue<Waiter> {
    /// What a value that came means.
    package enum Meaning {
        case reply(Waiter, RESPValue)
        case message(channel: String, payload: [UInt8])
        case subscribed(String)
        case unsubscribed(String)
        /// Redis refused to subscribe: an access control list, most likely.
        case refused(RedisErrorReply)
        /// Nothing was asked that this could answer. The connection can't be trusted any more.
        case violation(String)
    }

    private enum Expected {
        case reply(Waiter)
        /// One confirmation for each channel that the command named, or one error for them all.
        case confirmations(missing: Int)
    }

    private struct Entry {
        var expected: Expected
        let size: Int
        let deadline: NIODeadline
    }

    private var entries: Deque<Entry> = []
    package private(set) var pendingBytes = 0
    /// Whether values may be messages. A command's reply can look like one, so this is known, not guessed.
    private var hasSubscribed = false

    package var count: Int { entries.count }

    /// When the connection is to be given up unless the head is answered.
    package var deadline: NIODeadline? { entries.first?.deadline }

    package init() {}

    package mutating func expectReply(for waiter: Waiter, size: Int, deadline: NIODeadline) {
        append(Entry(expected: .reply(waiter), size: size, deadline: deadline))
    }

    package mutating func expectConfirmations(_ count: Int, size: Int, deadline: NIODeadline) {
        hasSubscribed = true
        append(Entry(expected: .confirmations(missing: count), size: size, deadline: deadline))
    }

    private mutating func append(_ entry: Entry) {
        entries.append(entry)
        pendingBytes += entry.size
    }

    package mutating func receive(_ value: RESPValue) -> Meaning {
        if hasSubscribed, let meaning = receivePush(value) { return meaning }
        guard let head = entries.first else { return .violation("a reply to nothing: \(value)") }
        switch (head.expected, value) {
        case (.reply(let waiter), _):
            removeHead()
            return .reply(waiter, value)
        case (.confirmations, .error(let reply)):
            removeHead()
            return .refused(reply)
        case (.confirmations, _):
            return .violation("no confirmation of a subscription: \(value)")
        }
    }

    /// `nil` when the value is an ordinary reply. `PING` in subscribed mode answers `["pong", …]`, which is one.
    private mutating func receivePush(_ value: RESPValue) -> Meaning? {
        guard case .array(let elements) = value, case .bytes(let kind)? = elements.first else { return nil }
        // By its bytes: every event passes here.
        if elements.count == 3, kind.elementsEqual("message".utf8), case .bytes(let channel) = elements[1],
            case .bytes(let payload) = elements[2]
        {
            // Repaired and not refused where it isn't UTF-8: then it is no channel that anybody has asked for.
            return .message(channel: String(decoding: channel, as: UTF8.self), payload: payload)
        }
        let verb = String(decoding: kind, as: UTF8.self)
        switch (verb, elements.count) {
        case ("subscribe", 3), ("unsubscribe", 3):
            guard let channel = elements[1].string else { return nil }
            guard let head = entries.first, case .confirmations(let missing) = head.expected else {
                return .violation("a confirmation that nothing waits for")
            }
            if missing > 1 {
                entries[entries.startIndex].expected = .confirmations(missing: missing - 1)
            } else {
                removeHead()
            }
            return verb == "subscribe" ? .subscribed(channel) : .unsubscribed(channel)
        default:
            return nil
        }
    }

    private mutating func removeHead() {
        pendingBytes -= entries.removeFirst().size
    }

    /// Forgets everything. Returns those who wait in vain, in order.
    package mutating func removeAll() -> [Waiter] {
        let waiters = entries.compactMap { entry in
            if case .reply(let waiter) = entry.expected { waiter } else { nil }
        }
        entries.removeAll()
        pendingBytes = 0
        return waiters
    }
}
