import HalleyClient
import Histogram
import NIOCore
import NIOPosix

/// The connections of one event loop, and what they share. Bound to it.
final class Crowd {
    let eventLoop: any EventLoop
    let settings: BenchSettings
    let payload: BenchPayload
    let channelNames: [[UInt8]]
    let addresses: HostAddresses
    let sources: [SocketAddress]
    let tally: Tally

    var counts = CrowdCounts()
    /// Latencies in microseconds, of events due within ``window``.
    private(set) var latencies = Histogram<UInt64>(highestTrackableValue: 60_000_000)
    /// What is measured, in nanoseconds of this machine's uptime.
    private var window: Range<UInt64> = 0..<0
    private(set) var isStopping = false
    private var members: [Member] = []
    private var arrived = 0

    init(
        eventLoop: any EventLoop, settings: BenchSettings, payload: BenchPayload, channelNames: [[UInt8]],
        sources: [SocketAddress], threads: NIOThreadPool, tally: Tally
    ) {
        self.eventLoop = eventLoop
        self.settings = settings
        self.payload = payload
        self.channelNames = channelNames
        self.sources = sources
        self.tally = tally
        addresses = HostAddresses(on: eventLoop, threads: threads)
        latencies.autoResize = true
    }

    func add(_ index: Int, url: ServerURL) {
        let member = Member(index: index, url: url, crowd: self)
        members.append(member)
        member.begin()
    }

    /// - Parameter now: when the bytes were read, in nanoseconds of this machine's uptime.
    func received(due: UInt64, now: UInt64) {
        arrived += 1
        guard window.contains(due) else { return }
        latencies.record((max(now, due) - due) / 1_000)
    }

    /// The bytes that came at once have been taken in.
    func flushArrivals() {
        guard arrived > 0 else { return }
        tally.add(arrived)
        arrived = 0
    }

    /// From here on events are published. Who isn't there yet is counted as a connection that never opened, and is owed no
    /// event.
    ///
    /// - Returns: how many are there, by channel.
    func beginCounting(_ window: Range<UInt64>) -> [Int] {
        self.window = window
        var there = channelNames.map { _ in 0 }
        for member in members where member.hasOpened {
            member.isCounted = true
            there[member.channel] += 1
        }
        return there
    }

    func sums(published: [Int], excused: [[Int]]) -> DeliverySums {
        var sums = DeliverySums()
        for member in members where member.isCounted {
            sums.add(member.ledger, published: published[member.channel], excused: excused[member.channel])
        }
        return sums
    }

    func stop() {
        isStopping = true
        for member in members { member.end() }
    }
}

/// A ``Crowd`` for those on other threads.
struct CrowdHandle: Sendable {
    let eventLoop: any EventLoop
    private let bound: NIOLoopBoundBox<Crowd>

    init(on eventLoop: any EventLoop, make: @escaping @Sendable () -> Crowd) async throws {
        self.eventLoop = eventLoop
        bound = try await eventLoop.submit { NIOLoopBoundBox(make(), eventLoop: eventLoop) }.get()
    }

    func ask<Answer: Sendable>(_ question: @escaping @Sendable (Crowd) -> Answer) async throws -> Answer {
        try await eventLoop.submit { question(bound.value) }.get()
    }

    func tell(_ word: @escaping @Sendable (Crowd) -> Void) { eventLoop.execute { word(bound.value) } }
}
