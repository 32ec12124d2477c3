import HalleyBroker
import HalleyCore
import HalleyRedis
import Histogram
import NIOCore

import struct HalleyCore.Channel

/// What was published.
struct PublishedRecord: Sendable {
    /// How many events on each channel.
    var events: [Int]
    /// Numbers that Redis hasn't acknowledged, ascending, by channel.
    var failed: [[Int]]
    var acknowledged = 0
    /// How late events were sent, in microseconds; open loop only.
    var lateness = Histogram<UInt64>(highestTrackableValue: 60_000_000)
    var stalls = 0
    var firstTrouble: String?
    /// For how long was published, in seconds.
    var seconds = 0.0

    init(channels: Int) {
        events = Array(repeating: 0, count: channels)
        failed = Array(repeating: [], count: channels)
    }
}

/// Publishes the run's events, on one event loop: pipelined, in order, whatever Redis' answers take.
final class EventSender: Sendable {
    private let core: NIOLoopBoundBox<Core>
    private let eventLoop: any EventLoop

    init(
        settings: BenchSettings, channels: [Channel], payload: BenchPayload, link: RedisCommandLink, tally: Tally
    ) {
        eventLoop = link.eventLoop
        core = .makeBoxSendingValue(
            Core(settings: settings, channels: channels, payload: payload, link: link, tally: tally),
            eventLoop: link.eventLoop)
        let wake: @Sendable () -> Void = { [eventLoop, core] in eventLoop.execute { core.value.send(core) } }
        tally.onThreshold(wake)
    }

    /// Publishes one event that counts for nothing on each channel: who polls learns its position by it.
    func probe() { eventLoop.execute { self.core.value.probe() } }

    /// Publishes from `start` on, in nanoseconds of this machine's uptime, and is done when Redis has answered for all.
    ///
    /// - Parameter fanOut: deliveries that an event makes, by channel.
    func run(from start: UInt64, fanOut: [Int]) async throws -> PublishedRecord {
        try await eventLoop.flatSubmit { self.core.value.run(from: start, fanOut: fanOut, self.core) }.get()
    }

    /// Publishes no more; ``run(from:fanOut:)`` is done when Redis has answered.
    func stop() { eventLoop.execute { self.core.value.finish() } }

    /// How many events were published up to now.
    func published() async throws -> Int { try await eventLoop.submit { self.core.value.published }.get() }

    private final class Core {
        private let settings: BenchSettings
        private let channels: [Channel]
        /// Deliveries that an event makes, by channel.
        private var fanOut: [Int] = []
        private let payload: BenchPayload
        private let link: RedisCommandLink
        private let commands: PublishCommands
        private let tally: Tally
        private var record: PublishedRecord
        private var schedule = SendSchedule(start: 0, rate: 1, seconds: 0)
        private var window: SaturationWindow?
        private var end: UInt64 = 0
        private var unanswered = 0
        private var isOver = false
        private var done: EventLoopPromise<PublishedRecord>?
        private(set) var published = 0

        /// Commands without an answer: half of what the link takes.
        private static let maximumUnanswered = 5_000
        /// How long nothing may arrive in a closed loop until what is under way counts as lost.
        private static let patience = TimeAmount.seconds(2)

        init(
            settings: BenchSettings, channels: [Channel], payload: BenchPayload, link: RedisCommandLink, tally: Tally
        ) {
            self.settings = settings
            self.channels = channels
            self.payload = payload
            self.link = link
            self.tally = tally
            commands = PublishCommands(settings.cluster)
            record = PublishedRecord(channels: channels.count)
        }

        func probe() {
            for channel in channels {
                link.send(commands.live(channel, payload: payload.bytes(number: -1, due: 0))).whenComplete { _ in }
            }
        }

        func run(
            from start: UInt64, fanOut: [Int], _ core: NIOLoopBoundBox<Core>
        ) -> EventLoopFuture<PublishedRecord> {
            self.fanOut = fanOut
            let promise = link.eventLoop.makePromise(of: PublishedRecord.self)
            done = promise
            let seconds = settings.warmup + settings.seconds
            end = start + UInt64(seconds * 1e9)
            switch settings.pace {
            case .rate(let rate):
                schedule = SendSchedule(start: start, rate: rate, seconds: seconds)
            case .saturate(let size):
                window = SaturationWindow(window: size, fanOut: fanOut.reduce(0, +) / max(1, channels.count))
                watch(core, delivered: tally.delivered)
            }
            link.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(start)) { core.value.send(core) }
            return promise.futureResult
        }

        func send(_ core: NIOLoopBoundBox<Core>) {
            guard !isOver, done != nil else { return }
            if window == nil { sendDue(core) } else { sendWhatFits(core) }
        }

        private func sendDue(_ core: NIOLoopBoundBox<Core>) {
            let due = schedule.count(by: NIODeadline.now().uptimeNanoseconds)
            while published < due, unanswered < Self.maximumUnanswered {
                let time = schedule.due(published)
                record.lateness.record((NIODeadline.now().uptimeNanoseconds - time) / 1_000)
                publish(due: time, core)
            }
            guard published < schedule.total else { return finish() }
            let next = max(
                schedule.due(published), NIODeadline.now().uptimeNanoseconds + (published < due ? 1_000_000 : 0))
            link.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(next)) { core.value.send(core) }
        }

        private func sendWhatFits(_ core: NIOLoopBoundBox<Core>) {
            guard var window else { return }
            while true {
                let now = NIODeadline.now().uptimeNanoseconds
                guard now < end else {
                    self.window = window
                    return finish()
                }
                if window.maySend(delivered: tally.delivered), unanswered < Self.maximumUnanswered {
                    window.sent(fanOut: fanOut[published % channels.count])
                    publish(due: now, core)
                } else {
                    tally.await(window.threshold)
                    // It may have come in between.
                    if !window.maySend(delivered: tally.delivered) || unanswered >= Self.maximumUnanswered { break }
                }
            }
            self.window = window
        }

        /// Once in a while: is anything arriving, and is it over?
        private func watch(_ core: NIOLoopBoundBox<Core>, delivered: Int) {
            link.eventLoop.scheduleTask(in: Self.patience) {
                let state = core.value
                guard !state.isOver else { return }
                let now = state.tally.delivered
                if now == delivered, state.published > 0 { state.window?.stalled(delivered: now) }
                state.send(core)
                state.watch(core, delivered: now)
            }
        }

        private func publish(due: UInt64, _ core: NIOLoopBoundBox<Core>) {
            let index = published % channels.count
            let number = record.events[index]
            record.events[index] += 1
            published += 1
            unanswered += 1
            let bytes = payload.bytes(number: number, due: due)
            let command =
                switch settings.verb {
                case .live: commands.live(channels[index], payload: bytes)
                case .durable:
                    commands.durable(
                        channels[index], payload: bytes, options: PublishOptions(history: settings.history))
                }
            link.send(command).whenComplete { core.value.answered($0.map { $0 }, channel: index, number: number) }
        }

        private func answered(_ reply: Result<RESPValue, any Error>, channel: Int, number: Int) {
            unanswered -= 1
            switch reply {
            case .success(.error(let error)): fail(error, channel, number)
            case .success: record.acknowledged += 1
            case .failure(let error): fail(error, channel, number)
            }
            finishIfAnswered()
        }

        private func fail(_ error: any Error, _ channel: Int, _ number: Int) {
            record.failed[channel].append(number)
            record.firstTrouble = record.firstTrouble ?? "\(error)"
        }

        func finish() {
            isOver = true
            finishIfAnswered()
        }

        private func finishIfAnswered() {
            guard isOver, unanswered == 0, let done else { return }
            self.done = nil
            record.stalls = window?.stalls ?? 0
            for index in record.failed.indices { record.failed[index].sort() }
            done.succeed(record)
        }
    }
}
