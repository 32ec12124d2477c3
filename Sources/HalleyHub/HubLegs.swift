import HalleyCore

import struct HalleyCore.Channel

/// Channels that come to a connection later, or go before it does.
///
/// What is added joins, catches up and goes live as a *leg*: a subscriber of its own, with a position of its own, so that the
/// connection's other channels go on meanwhile. Once both are live they stand at the same place, where the link is, and
/// the connection takes the leg's seats over.
extension Hub {
    /// Gives the leg's channels to the connection: what comes from here on comes to it.
    ///
    /// Not within a call to a subscriber: a fan-out would go to both, or to neither.
    ///
    /// - Parameters:
    ///   - leg: is outside afterwards.
    ///   - main: has none of the leg's channels; live, or in no channel at all.
    /// - Returns: the channels; `nil`, with nothing changed, while one of them isn't live.
    public func absorb(_ leg: some Subscriber, into main: some Subscriber) -> [Channel]? {
        guard leg.membership.isLive, main.membership.isLive || main.membership.seats.isEmpty else { return nil }
        let seats = leg.membership.end().seats
        for seat in seats {
            seat.topic.reseat(main, at: seat.index)
            main.membership.seats.append(seat)
        }
        main.membership.stage = .live
        return seats.map(\.topic.channel)
    }

    /// Lets go of one of a subscriber's channels; the others go on where they stand. Harmless when it hasn't got the channel.
    ///
    /// Not within a call to a subscriber.
    public func leave(_ subscriber: some Subscriber, _ channel: Channel) {
        let seats = subscriber.membership.seats
        guard let index = seats.firstIndex(where: { $0.topic.channel == channel }) else { return }
        guard seats.count > 1 else { return leave(subscriber) }
        let seat = subscriber.membership.seats.remove(at: index)
        switch subscriber.membership.stage {
        case .live: seat.topic.unseat(at: seat.index)
        case .joining, .catchingUp, .draining, .outside: seat.topic.waiting[ObjectIdentifier(subscriber)] = nil
        }
        release(seat.topic)
        switch subscriber.membership.stage {
        case .joining(let joining):
            // It may have been the only one that wasn't covered.
            guard !seat.topic.isCovered else { break }
            joining.uncovered -= 1
            if joining.uncovered == 0 { begin(subscriber, joining) }
        case .catchingUp(let attempt):
            if let source = attempt.topics.firstIndex(where: { $0 === seat.topic }) { attempt.way.forget(source) }
            advance(subscriber)
        case .draining: advance(subscriber)
        case .live, .outside: break
        }
    }
}
