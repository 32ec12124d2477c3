import NIOCore

/// Whether a client for which bytes wait takes any of them, however few. Pure; asked about once a second.
package final class StallWatch {
    private let bound: TimeAmount
    /// What it hadn't acknowledged when the watch began, and all that it was sent since. Bytes, as all numbers here.
    private var given: Int
    private var taken = 0
    private var end: NIODeadline

    /// - Parameters:
    ///   - untaken: what the client has been sent and hasn't acknowledged.
    ///   - bound: how long it may take nothing.
    package init(untaken: Int, now: NIODeadline, bound: TimeAmount) {
        given = untaken
        self.bound = bound
        end = now + bound
    }

    /// So much more was sent.
    package func gave(_ count: Int) { given += count }

    /// Whether it has taken nothing for too long.
    package func isOver(untaken: Int, now: NIODeadline) -> Bool {
        if given - untaken > taken {
            taken = given - untaken
            end = now + bound
        }
        return now >= end
    }
}
