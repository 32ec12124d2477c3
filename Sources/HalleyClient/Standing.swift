import HalleyCore

/// Where a client stands, and what it has had: so that nothing comes twice, whatever connection it came on.
package struct Standing {
    /// What is given back; `nil` before the client was told any.
    package private(set) var position: String?
    /// The newest durable event's id, even where it came without a position.
    private var newest: EventID?
    /// What had been delivered when the present connection began.
    ///
    /// Within one connection the server keeps the order, and its word is taken: only what it sends again from another
    /// one's time is dropped.
    private var before: (position: Position, id: EventID)?

    package init(position: String?) { self.position = position }

    /// A connection begins.
    package mutating func begin() {
        before = position.flatMap { try? Position(parsing: $0) }.map { ($0, max($0.id, newest ?? .zero)) }
        // An id of an era that is over says nothing in the next.
        newest = nil
    }

    /// - Returns: whether the message is new.
    package mutating func admits(_ message: HalleyClient.Message) -> Bool {
        switch message {
        case .event(let event):
            guard !hadBefore(event) else { return false }
            if let id = event.id.flatMap({ EventID($0) }) { newest = id }
        case .position(let new):
            guard new != position else { return false }
        case .gap, .state: break
        }
        if let new = message.position { position = new }
        return true
    }

    private func hadBefore(_ event: HalleyClient.Event) -> Bool {
        guard let before, let position = event.position.flatMap({ try? Position(parsing: $0) }) else { return false }
        if let id = event.id.flatMap({ EventID($0) }) { return position.era == before.position.era && id <= before.id }
        guard let cursor = position.cursor, let had = before.position.cursor else { return false }
        return cursor.incarnation == had.incarnation && cursor.count <= had.count
    }
}
