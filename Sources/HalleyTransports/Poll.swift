import HalleyCore
import HalleyHub

/// What a held poll's answer carries besides events.
///
/// Mostly that is nothing: its answer is events alone, which the connection gathers as it does for a stream, and there is
/// no such object. What this gathers is the rest: gaps, and the events around them.
final class Poll {
    var words: [PollWord] = []
    /// What the events among the words take, in bytes.
    private(set) var bytes = 0
    /// Whether the answer may leave: it carries an event, or gaps and the position behind them. Gaps alone move no
    /// position: answered with those the client would ask from the same place, and be told the same, for ever.
    var isDue = false
    /// Where the client stands with the words.
    var position: Position?

    init(position: Position?) { self.position = position }

    func append(_ delivery: Delivery) {
        words.append(.event(delivery))
        bytes += delivery.payload.count
        position = delivery.position ?? position
        isDue = true
    }

    /// Takes over events that were due when something else than an event came behind them.
    func take(_ due: inout Due) {
        switch due {
        case .nothing: return
        case .event(let delivery): append(delivery)
        case .run(let run): run.deliveries.forEach(append)
        }
        due = .nothing
    }
}
