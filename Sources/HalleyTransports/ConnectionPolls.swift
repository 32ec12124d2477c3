import HalleyHub
import NIOCore

/// Polls that are held: what gathers for one, and the answer that it ends with.
extension Connection {
    /// What a poll's answer carries besides events.
    func gathered(_ request: SubscriptionRequest, _ poll: Poll?) -> Poll {
        if let poll { return poll }
        let poll = Poll(position: request.position)
        state = .polling(request, poll)
        return poll
    }

    func finish(_ request: SubscriptionRequest, _ poll: Poll?) {
        let bytes = answer(to: request, poll, keepsAlive: request.keepsAlive)
        let began = deadline - server.patience(of: request)
        release()
        answer(bytes, keepsAlive: request.keepsAlive)
        if request.keepsAlive, server.now - began < Self.quickAnswer { outlet.expectQuickAnswer() }
        goOnReading()
    }

    /// A channel that answered so soon is likely to do so again. The longest that the kernel delays an acknowledgement: 40 ms.
    private static let quickAnswer = TimeAmount.milliseconds(40)

    /// Without an event a client that has everything stands where the link is.
    func answer(to request: SubscriptionRequest, _ poll: Poll?, keepsAlive: Bool) -> ByteBuffer {
        defer { due = .nothing }
        if poll?.words.isEmpty ?? true, let answer = answer(to: request, due, keepsAlive: keepsAlive) { return answer }
        let poll = poll ?? Poll(position: request.position)
        poll.take(&due)
        let position = poll.words.isEmpty && membership.isLive ? server.hub.position : poll.position
        let response =
            if case .callback(let callback) = request.page {
                JSONP.response(
                    callback,
                    JSONP.arguments(position: position, events: poll.words.map { $0.member(isScript: true) }),
                    position: position)
            } else {
                LongPoll.response(position: position, events: poll.words.map { $0.member(isScript: false) })
            }
        return response.serialized(server: server.name, keepsAlive: keepsAlive)
    }

    /// The answer that carries what is due and nothing else, mostly of bytes that others share.
    private func answer(to request: SubscriptionRequest, _ due: Due, keepsAlive: Bool) -> ByteBuffer? {
        guard case .callback(let callback) = request.page else {
            return LongPoll.answer(due, server: server.name, keepsAlive: keepsAlive)
        }
        guard let (position, arguments) = JSONP.arguments(due) else { return nil }
        return JSONP.response(callback, arguments, position: position)
            .serialized(server: server.name, keepsAlive: keepsAlive)
    }
}
