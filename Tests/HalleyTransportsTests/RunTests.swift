import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing

/// Events that are due together: joined once, in order, and shared by all that are due the same.
@Suite struct RunTests {
    private func walk(_ deliveries: [Delivery], in runs: inout Runs) -> Due {
        var due = Due.nothing
        for delivery in deliveries { due = due.followed(by: delivery, in: &runs) }
        return due
    }

    private func run(_ due: Due) throws -> Run {
        guard case .run(let run) = due else { throw Missing() }
        return run
    }

    private struct Missing: Error {}

    private let events = ["a", "b", "c", "d"].map { delivery($0) }

    @Test func aLoneEventIsNoRun() {
        var runs = Runs()
        guard case .event(let event) = walk([events[0]], in: &runs) else {
            Issue.record("one event is no run")
            return
        }
        #expect(event === events[0])
    }

    @Test func theSameEventsAreTheSameRun() throws {
        var runs = Runs()
        let dues = (0..<3).map { _ in walk(events, in: &runs) }
        let first = try run(dues[0])
        for due in dues { #expect(try run(due) === first) }
        #expect(first.deliveries.map(\.payload) == events.map(\.payload))
    }

    @Test func otherEventsAreOthers() throws {
        var runs = Runs()
        let all = try run(walk(events, in: &runs))
        let some = try run(walk([events[0], events[2]], in: &runs))
        let rest = try run(walk(Array(events.dropFirst()), in: &runs))
        #expect(some !== all)
        #expect(some.deliveries.map(\.payload) == [events[0], events[2]].map(\.payload))
        #expect(rest.deliveries.map(\.payload) == events.dropFirst().map(\.payload))
    }

    /// As in a fan-out: all take the same next event in turn, but some have other channels as well.
    @Test func whoeverIsDueTheSameSharesItThoughOthersAreDueMore() throws {
        var runs = Runs()
        var dues: [Due] = Array(repeating: .nothing, count: 6)
        for (number, event) in events.enumerated() {
            for index in dues.indices where number != 1 || index % 2 == 0 {
                dues[index] = dues[index].followed(by: event, in: &runs)
            }
        }
        let all = try run(dues[0])
        let some = try run(dues[1])
        for index in dues.indices { #expect(try run(dues[index]) === (index % 2 == 0 ? all : some)) }
    }

    @Test func theBytesAreJoinedOnceForEachFormat() throws {
        var runs = Runs()
        let run = try run(walk(events, in: &runs))
        var joins = 0
        let join: ([Delivery]) -> ByteBuffer = { deliveries in
            joins += 1
            return ByteBuffer(bytes: deliveries.flatMap(\.payload))
        }
        let places = (0..<3).map { _ in
            run.bytes(FrameFormat(index: 1), join: join).withUnsafeReadableBytes { $0.baseAddress }
        }
        #expect(Set(places).count == 1)
        #expect(joins == 1)
        #expect(String(buffer: run.bytes(FrameFormat(index: 2), join: join)) == "abcd")
        #expect(joins == 2)
    }

    @Test(arguments: [
        "text/event-stream", "*/*",
    ])
    func joinedFramesAreTheFramesOneBehindTheOther(accept: String) throws {
        for version in [true, false] {
            let request = HTTPRequest(
                method: "GET", path: "/events", query: "channel=news", isHTTP11: version,
                fields: [("host", "a"), ("accept", accept)])
            let format = WireFormat(try SubscriptionRequest(request, keys: nil, now: 0))
            var runs = Runs()
            let joined = format.frames(try run(walk(events, in: &runs)))
            #expect(
                Array(joined.readableBytesView) == events.flatMap { Array(format.frame($0).readableBytesView) })
        }
    }

    @Test func whenTheTurnEndsNothingIsKept() throws {
        weak var gone: Run?
        weak var before: Run?
        var runs = Runs()
        do {
            let due = walk(events, in: &runs)
            gone = try run(due)
            before = try run(walk(Array(events.prefix(2)), in: &runs))
            runs.end()
            #expect(gone != nil)
            withExtendedLifetime(due) {}
        }
        #expect(gone == nil)
        #expect(before == nil)
    }

    /// A connection that is given a backlog while it is flushed holds it into the next turn.
    @Test func whatGoesOnFromAnEarlierTurnIsNotKeptEither() throws {
        weak var gone: Run?
        var runs = Runs()
        do {
            var due = walk(Array(events.prefix(2)), in: &runs)
            runs.end()
            due = due.followed(by: events[2], in: &runs)
            gone = try run(due)
            #expect(gone?.deliveries.count == 3)
            runs.end()
            withExtendedLifetime(due) {}
        }
        #expect(gone == nil)
    }
}
