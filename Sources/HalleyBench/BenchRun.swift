import HalleyBroker
import HalleyCore
import HalleyRedis
import Logging
import NIOCore
import NIOPosix
import Synchronization

import struct HalleyCore.Channel

/// One run: opens all connections, publishes, waits for the last event, counts.
struct BenchRun: Sendable {
    let bench: Bench
    let channels: [Channel]
    let crowds: [CrowdHandle]
    let watches: [LoopWatch]
    let link: RedisCommandLink
    let desks: [SessionDesk]
    let sender: EventSender
    let tally = Tally()

    var settings: BenchSettings { bench.settings }
    var interruption: Interruption { bench.interruption }

    /// Connections over which sessions are asked for.
    private static let desks = 8

    init(
        _ bench: Bench, crowdLoops: [any EventLoop], publisherLoop: any EventLoop, threads: NIOThreadPool
    ) async throws {
        self.bench = bench
        let settings = bench.settings
        let channels = try (0..<settings.channels).map { try Channel("bench.\(bench.run).\($0)") }
        self.channels = channels
        let names = channels.map { Array($0.name.utf8) }
        let payload = BenchPayload(run: bench.run, length: settings.payload)
        let sources = try settings.sources.map { try SocketAddress(ipAddress: $0, port: 0) }
        let tally = tally
        var crowds: [CrowdHandle] = []
        for loop in crowdLoops {
            crowds.append(
                try await CrowdHandle(on: loop) {
                    Crowd(
                        eventLoop: loop, settings: settings, payload: payload, channelNames: names, sources: sources,
                        threads: threads, tally: tally)
                })
        }
        self.crowds = crowds
        watches = (crowdLoops + [publisherLoop]).map { LoopWatch(on: $0) }
        var desks: [SessionDesk] = []
        for index in 0..<Self.desks {
            desks.append(
                try await SessionDesk(
                    apex: settings.url, eventLoop: crowdLoops[index % crowdLoops.count], threads: threads))
        }
        self.desks = desks
        link = RedisCommandLink(
            to: settings.redis, on: publisherLoop, name: "bench", logger: bench.logger,
            onConnect: LibraryLoader(settings.cluster, logger: bench.logger).load)
        sender = EventSender(
            settings: settings, channels: channels, payload: payload, link: link, tally: tally)
    }

    func play(into report: inout BenchReport) async throws {
        try await reachRedis()
        let began = ContinuousClock.now
        try await interruption.cuttingShort { try await open() }
        report.connections.openedIn = seconds(since: began)
        guard !interruption.isSet else {
            report.interrupted = true
            report.connections.opened = try await counts().opened
            return try await conclude(PublishedRecord(channels: channels.count), &report)
        }
        let record = try await publish(into: &report)
        // Who has ended the measuring still wants to know what becomes of the last events.
        if report.interrupted {
            try await drain(record)
        } else {
            try await interruption.cuttingShort { try await drain(record) }
        }
        try await conclude(record, &report)
    }

    /// Leaves nothing behind in Redis.
    func end() async {
        for crowd in crowds { crowd.tell { $0.stop() } }
        if settings.verb == .durable { for channel in channels { await forget(channel) } }
        link.close()
    }

    private func forget(_ channel: Channel) async {
        do {
            try await link.send(PublishCommands(settings.cluster).forget(channel))
        } catch {
            // It expires by itself.
        }
    }

    private func reachRedis() async throws {
        link.start()
        let link = link
        let isReached = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do { try await link.ready() } catch { return false }
                return true
            }
            group.addTask {
                do { try await Task.sleep(for: .seconds(5)) } catch { return true }
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        guard isReached else { throw BenchError("Redis at \(settings.redis) can't be reached; give --redis") }
    }

    // MARK: - Opening

    private func open() async throws {
        let next = Turns()
        let start = ContinuousClock.now
        let telling = Task { try await tellOpening() }
        defer { telling.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for desk in desks {
                group.addTask {
                    while true {
                        let index = next.take()
                        guard index < settings.connections else { return }
                        try await Task.sleep(until: start + .seconds(Double(index) / settings.ramp), clock: .continuous)
                        let url = try await desk.session(channel: channels[index % channels.count])
                        crowds[index % crowds.count].tell { $0.add(index, url: url) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let deadline = ContinuousClock.now + .seconds(settings.patience)
        var turn = 0
        while true {
            let counts = try await counts()
            if counts.opened == settings.connections { return }
            guard ContinuousClock.now < deadline else {
                if counts.opened == 0 {
                    throw BenchError(
                        "no connection came to be open within \(decimal(settings.patience, places: 0)) s: \(trouble(counts))"
                    )
                }
                return
            }
            // A poll is answered with the first event; until then nobody can know that it has been taken in.
            if settings.transport.isPolled, turn.isMultiple(of: 10) { sender.probe() }
            if turn.isMultiple(of: 10) {
                bench.progress("\(grouped(counts.opened)) of \(grouped(settings.connections)) open")
            }
            turn += 1
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func tellOpening() async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            bench.progress("\(grouped(try await counts().opened)) of \(grouped(settings.connections)) open")
        }
    }

    private func trouble(_ counts: CrowdCounts) -> String {
        if let trouble = counts.firstTrouble { return trouble }
        if let status = counts.refusals.keys.min() { return "answered \(status)" }
        return counts.unanswered > 0 ? "connections are closed without an answer" : "nobody answers"
    }
}

func seconds(since moment: ContinuousClock.Instant) -> Double { (ContinuousClock.now - moment) / .seconds(1) }

/// Numbers from 0 on, each given once, to whoever asks.
private final class Turns: Sendable {
    private let next = Atomic<Int>(0)

    func take() -> Int { next.add(1, ordering: .relaxed).oldValue }
}
