/// What one connection has received of the events 0, 1, 2 … of its channel.
package struct SequenceLedger: Sendable {
    /// The first number that is above all received.
    package private(set) var next = 0
    /// Each event once.
    package private(set) var received = 0
    /// Came again.
    package private(set) var doubled = 0
    /// Came after a later one.
    package private(set) var reordered = 0
    /// What was jumped over and hasn't come since, ascending.
    private var holes: [Range<Int>] = []
    /// Those of holes that were too many to remember.
    private var writtenOff = 0

    /// One hole for each reconnection would be many; a cluster that loses every second event shall not fill this
    /// machine's memory.
    private static let maximumHoles = 256

    package init() {}

    /// Notes an event that came.
    package mutating func take(_ number: Int) {
        if number == next {
            next += 1
            received += 1
        } else if number > next {
            holes.append(next..<number)
            if holes.count > Self.maximumHoles { writtenOff += holes.removeFirst().count }
            next = number + 1
            received += 1
        } else if let index = holes.firstIndex(where: { $0.contains(number) }) {
            let hole = holes[index]
            holes.replaceSubrange(
                index...index, with: [hole.lowerBound..<number, number + 1..<hole.upperBound].filter { !$0.isEmpty })
            reordered += 1
            received += 1
        } else {
            doubled += 1
        }
    }

    /// How many of the first `published` events haven't come.
    ///
    /// - Parameter excused: numbers whose publication Redis hasn't acknowledged, ascending: nobody promised those.
    package func lost(of published: Int, excused: [Int] = []) -> Int {
        let end = max(0, published - next)
        let missing = holes.reduce(writtenOff + end) { $0 + $1.count }
        guard missing > 0, !excused.isEmpty else { return missing }
        return missing - excused.count { number in number >= next || holes.contains { $0.contains(number) } }
    }
}
