import HalleyCore

/// Live subscribers that a burst is too fast for.
///
/// What such a one is owed lies in the rings anyway, in memory that all share: it reads on from there as it can take it, and
/// is live again at their end. So a burst may be as large as a ring, whatever the bound on a connection's unsent bytes.
extension Hub {
    /// Has a live subscriber that takes no more for now go on from the rings, when it calls ``resumeBacklog(of:)``.
    ///
    /// It may be said within a call to this very subscriber.
    ///
    /// - Parameter first: the first event that it hasn't taken; whatever came behind comes again.
    /// - Returns: `false`, with nothing changed, where it isn't live, or the rings have dropped what it would need.
    public func lag(_ subscriber: some Subscriber, from first: Delivery) -> Bool {
        // Those of a log have no count. They reached it on its way to be live, and aren't in every ring.
        guard subscriber.membership.isLive, first.count > 0 else { return false }
        let draining = Membership.Draining(after: first.count - 1, at: first.position, isLagging: true)
        guard isWithinRings(subscriber, draining) else { return false }
        for index in subscriber.membership.seats.indices {
            let seat = subscriber.membership.seats[index]
            seat.topic.unseat(at: seat.index)
            subscriber.membership.seats[index].index = -1
        }
        unsettled[ObjectIdentifier(subscriber)] = subscriber
        subscriber.membership.stage = .draining(draining)
        lags.increment()
        return true
    }

    /// Whether a subscriber fell behind so far that what it hasn't taken can't be had any more: it has to end, and its
    /// client to come back.
    public func isLost(_ subscriber: some Subscriber) -> Bool {
        guard case .draining(let draining) = subscriber.membership.stage else { return false }
        return isLost(subscriber, draining)
    }

    func isLost(_ subscriber: any Subscriber, _ draining: Membership.Draining) -> Bool {
        draining.isLagging && (draining.isCutOff || !isWithinRings(subscriber, draining))
    }

    private func isWithinRings(_ subscriber: any Subscriber, _ draining: Membership.Draining) -> Bool {
        subscriber.membership.seats.allSatisfy { $0.topic.ring.isComplete(from: draining.cursor) }
    }
}
