import HalleyRedis
import NIOCore
import Testing

@Suite struct ReplyQueueTests {
    private let soon = NIODeadline.uptimeNanoseconds(1_000)
    private let later = NIODeadline.uptimeNanoseconds(2_000)

    private func text(_ parts: String...) -> RESPValue { .array(parts.map { .bytes(Array($0.utf8)) }) }
    private func confirmation(_ verb: String, _ channel: String, _ count: Int64) -> RESPValue {
        .array([.bytes(Array(verb.utf8)), .bytes(Array(channel.utf8)), .integer(count)])
    }

    @Test func answersInOrder() {
        var queue = ReplyQueue<Int>()
        for waiter in 1...3 { queue.expectReply(for: waiter, size: 10, deadline: waiter == 1 ? soon : later) }
        #expect(queue.count == 3)
        #expect(queue.pendingBytes == 30)
        #expect(queue.deadline == soon)
        for waiter in 1...3 {
            guard case .reply(waiter, .integer(Int64(waiter))) = queue.receive(.integer(Int64(waiter))) else {
                Issue.record("not the reply to \(waiter)")
                return
            }
            #expect(queue.deadline == (waiter == 3 ? nil : later))
        }
        #expect(queue.pendingBytes == 0)
    }

    @Test func distrustsAReplyToNothing() {
        var queue = ReplyQueue<Int>()
        guard case .violation = queue.receive(.status("OK")) else {
            Issue.record("taken for something")
            return
        }
    }

    @Test func takesMessageLikeRepliesForRepliesUnlessSubscribed() {
        var queue = ReplyQueue<Int>()
        queue.expectReply(for: 1, size: 0, deadline: soon)
        guard case .reply(1, _) = queue.receive(text("message", "a", "b")) else {
            Issue.record("LRANGE may answer this")
            return
        }
    }

    @Test func tellsMessagesFromConfirmationsAndPongs() {
        var queue = ReplyQueue<Int>()
        queue.expectConfirmations(2, size: 5, deadline: soon)
        queue.expectReply(for: 7, size: 4, deadline: later)
        guard case .subscribed("a") = queue.receive(confirmation("subscribe", "a", 1)) else {
            Issue.record("a")
            return
        }
        guard case .message("a", [0x78]) = queue.receive(text("message", "a", "x")) else {
            Issue.record("message")
            return
        }
        #expect(queue.deadline == soon)
        guard case .subscribed("b") = queue.receive(confirmation("subscribe", "b", 2)) else {
            Issue.record("b")
            return
        }
        #expect(queue.deadline == later)
        guard case .reply(7, _) = queue.receive(text("pong", "")) else {
            Issue.record("pong")
            return
        }
        queue.expectConfirmations(1, size: 5, deadline: soon)
        queue.expectReply(for: 8, size: 4, deadline: later)
        guard case .unsubscribed("a") = queue.receive(confirmation("unsubscribe", "a", 0)) else {
            Issue.record("unsubscribed")
            return
        }
        // Out of subscribed mode PING is answered by a status.
        guard case .reply(8, .status("PONG")) = queue.receive(.status("PONG")) else {
            Issue.record("+PONG")
            return
        }
    }

    @Test func tellsARefusalFromAnErrorReply() {
        var queue = ReplyQueue<Int>()
        let refusal = RedisErrorReply("NOPERM no access to the channel")
        queue.expectReply(for: 1, size: 0, deadline: soon)
        queue.expectConfirmations(3, size: 0, deadline: soon)
        guard case .reply(1, .error(refusal)) = queue.receive(.error(refusal)) else {
            Issue.record("error reply")
            return
        }
        guard case .refused(refusal) = queue.receive(.error(refusal)) else {
            Issue.record("refusal")
            return
        }
        #expect(queue.count == 0)
    }

    @Test func distrustsStrayConfirmations() {
        var queue = ReplyQueue<Int>()
        queue.expectConfirmations(1, size: 0, deadline: soon)
        _ = queue.receive(confirmation("subscribe", "a", 1))
        guard case .violation = queue.receive(confirmation("subscribe", "b", 2)) else {
            Issue.record("nobody asked for b")
            return
        }
        queue.expectConfirmations(1, size: 0, deadline: soon)
        guard case .violation = queue.receive(.status("OK")) else {
            Issue.record("no confirmation")
            return
        }
    }

    @Test func givesBackThoseWhoWaitInVain() {
        var queue = ReplyQueue<Int>()
        queue.expectReply(for: 1, size: 3, deadline: soon)
        queue.expectConfirmations(2, size: 3, deadline: soon)
        queue.expectReply(for: 2, size: 3, deadline: soon)
        #expect(queue.removeAll() == [1, 2])
        #expect(queue.count == 0)
        #expect(queue.pendingBytes == 0)
        #expect(queue.deadline == nil)
    }
}
