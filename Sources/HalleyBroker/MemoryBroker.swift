import HalleyCore
import NIOCore

import struct HalleyCore.Channel

/// A broker in memory, for tests of what listens to one: links, logs and a clock. Everything happens when the test says
/// so, at once and in the caller's turn; as with Redis, nothing is told to a listener from within its own call.
public final class MemoryBroker: Broker {
    /// Who is told.
    public weak var listener: (any BrokerListener)?

    /// What is asked for.
    public private(set) var subscriptions: [Channel: Subscription] = [:]
    /// The channels that are asked for.
    public var wanted: Set<Channel> { Set(subscriptions.keys) }
    /// The channels whose events arrive.
    public private(set) var confirmed: Set<Channel> = []
    /// Whether there is a link.
    public private(set) var isConnected = true
    /// How many pages of logs were read, by channel.
    public private(set) var reads: [Channel: Int] = [:]
    /// The most entries in a page.
    public var pageEntries = 256
    /// Whether what is sent on the link stays under way until ``arrive(_:)``.
    public var isLagging = false

    private struct Reading {
        let channel: Channel
        let after: EventID
        let promise: EventLoopPromise<LogPage>
        /// What Redis has answered; the answer is under way.
        var page: LogPage?
    }

    private enum Word {
        case received([UInt8], Stamp?, Channel)
        case subscribed(Subscription)
        case ticked(Watermark)
        case rewound(Watermark)
    }

    private let eventLoop: any EventLoop
    private let logs: MemoryLogs
    private var readings: [Reading] = []
    private var marks: EventLoopPromise<Watermark>?
    private var underWay: [Word] = []
    /// The newest id that ever came over the link.
    private var newest = EventID.zero

    /// A broker with its link up and no channel asked for.
    /// - Parameters:
    ///   - eventLoop: that of the listener, for the answers to readings.
    ///   - other: a broker of another worker on the same logs; `nil` for logs of its own.
    public init(on eventLoop: any EventLoop, sharing other: MemoryBroker? = nil) {
        self.eventLoop = eventLoop
        logs = other?.logs ?? MemoryLogs()
        logs.attach(self)
    }

    /// The newest id given.
    public var clock: EventID { logs.clock }
    /// Where this life of the data began.
    public var born: Watermark { logs.born }

    /// The ids that a channel's log still has.
    public func recorded(on channel: Channel) -> [EventID] { logs.logs[channel]?.entries.map(\.stamp.id) ?? [] }

    // MARK: - What the listener asks

    /// Asks for a channel's events; they come once the test has called ``confirm()``.
    public func subscribe(_ subscription: Subscription) { subscriptions[subscription.channel] = subscription }

    /// Ends a channel's events.
    public func unsubscribe(_ subscription: Subscription) {
        guard subscriptions[subscription.channel] === subscription else { return }
        subscriptions[subscription.channel] = nil
        confirmed.remove(subscription.channel)
        underWay.removeAll { if case .subscribed(let other) = $0 { other === subscription } else { false } }
    }

    /// Asks for a reading of the clock; it comes with ``answer()``.
    @discardableResult
    public func mark() -> EventLoopFuture<Watermark> {
        let promise = marks ?? eventLoop.makePromise()
        marks = promise
        return promise.futureResult
    }

    /// Asks for a page; it comes with ``answer()``.
    public func read(_ channel: Channel, after id: EventID) -> EventLoopFuture<LogPage> {
        let promise = eventLoop.makePromise(of: LogPage.self)
        readings.append(Reading(channel: channel, after: id, promise: promise))
        return promise.futureResult
    }

    // MARK: - What the test makes happen

    /// Confirms everything that is asked for and isn't confirmed, in the channels' order; the first so many.
    public func confirm(_ most: Int = .max) {
        guard isConnected else { return }
        for channel in wanted.subtracting(confirmed).sorted().prefix(most) {
            guard let subscription = subscriptions[channel] else { continue }
            confirmed.insert(channel)
            send(.subscribed(subscription))
        }
    }

    /// Reads the clock, if that was asked for.
    public func answerMark() {
        guard let promise = marks else { return }
        marks = nil
        tellNewest()
        let reading = Watermark(id: clock, era: born.era)
        send(.ticked(reading))
        promise.succeed(reading)
    }

    /// Reads what was asked for, and keeps the answers under way.
    public func evaluate() {
        for index in readings.indices where readings[index].page == nil { readings[index].page = page(readings[index]) }
    }

    /// Answers the first of the readings that were asked for. `false` when there is none.
    @discardableResult
    public func answerReading() -> Bool {
        guard !readings.isEmpty else { return false }
        let first = readings.removeFirst()
        first.promise.succeed(first.page ?? page(first))
        return true
    }

    /// Answers what was asked for, and what is asked for because of the answers, until nothing is open.
    public func answer() {
        repeat { answerMark() } while answerReading() || marks != nil
    }

    /// Confirms and answers until nothing is open.
    public func settle() {
        confirm()
        answer()
    }

    /// Publishes a live event.
    /// - Returns: whether the listener was told: the channel is asked for and confirmed.
    @discardableResult
    public func publish(_ payload: [UInt8], on channel: Channel) -> Bool {
        for other in logs.brokers where other !== self {
            other.carry(payload, on: channel)
        }
        return carry(payload, on: channel)
    }

    /// Publishes a durable event, to all that share the logs.
    /// - Parameter history: how many events the log keeps.
    /// - Returns: its id.
    @discardableResult
    public func publishDurable(_ payload: [UInt8], on channel: Channel, history: Int = 1_000) -> EventID {
        let stamp = logs.record(payload, on: channel, history: history)
        for broker in logs.brokers {
            broker.carry(payload, stamp: stamp, on: channel)
        }
        return stamp.id
    }

    /// Leaves so many events in a channel's log.
    public func trim(_ channel: Channel, to history: Int) { logs.trim(channel, to: history) }

    /// Moves the clock on, and the watermark of all that share the logs.
    public func tick() {
        if isConnected { tellNewest() }
        logs.advance()
        for broker in logs.brokers { broker.send(.ticked(Watermark(id: clock, era: born.era))) }
    }

    /// Moves the watermark to a reading of the test's own.
    public func tick(_ watermark: Watermark) {
        guard isConnected else { return }
        if watermark.id > clock { logs.advance(to: watermark.id.milliseconds) }
        send(.ticked(watermark))
    }

    /// Forgets everything, as FLUSHALL does: a new life of the data begins.
    public func flush() { logs.flush() }

    /// Saves everything: what ``restart()`` brings back.
    public func save() { logs.save() }

    /// Redis ends at once and comes back with what was saved: every link is lost, and nobody knows that data is.
    public func restart() {
        for broker in logs.brokers { broker.lose() }
        logs.restart()
    }

    /// Brings so many words that are under way on the link to the listener.
    public func arrive(_ most: Int = .max) {
        for _ in 0..<min(most, underWay.count) where !underWay.isEmpty {
            switch underWay.removeFirst() {
            case .received(let payload, let stamp, let channel):
                guard let subscription = subscriptions[channel] else { continue }
                saw(stamp?.id)
                listener?.brokerReceived(payload, stamp: stamp, on: subscription)
            case .subscribed(let subscription): listener?.brokerSubscribed(to: subscription)
            case .ticked(let watermark):
                saw(watermark.id)
                listener?.brokerTicked(watermark)
            case .rewound(let watermark):
                saw(watermark.id)
                listener?.brokerRewound(to: watermark)
            }
        }
    }

    private func saw(_ id: EventID?) { newest = max(newest, id ?? .zero) }

    /// Tells Redis the newest id that this worker has seen, as ticks and marks do.
    private func tellNewest() {
        guard let born = logs.hear(newest) else { return }
        for broker in logs.brokers { broker.send(.rewound(born)) }
    }

    /// Breaks the link. What was asked for on it gets no answer.
    public func lose() {
        guard isConnected else { return }
        isConnected = false
        underWay = []
        confirmed.removeAll()
        let open = readings
        let asked = marks
        readings = []
        marks = nil
        listener?.brokerLost()
        for reading in open { reading.promise.fail(MemoryBrokerLost()) }
        asked?.fail(MemoryBrokerLost())
    }

    /// Brings the link back. Call ``confirm(_:)`` for the subscriptions.
    public func restore() { isConnected = true }

    @discardableResult
    private func carry(_ payload: [UInt8], stamp: Stamp? = nil, on channel: Channel) -> Bool {
        guard isConnected, confirmed.contains(channel) else { return false }
        send(.received(payload, stamp, channel))
        return true
    }

    private func send(_ word: Word) {
        guard isConnected else { return }
        underWay.append(word)
        if !isLagging { arrive() }
    }

    private func page(_ reading: Reading) -> LogPage {
        reads[reading.channel, default: 0] += 1
        return logs.page(of: reading.channel, after: reading.after, entries: pageEntries)
    }
}

/// Why a reading got no answer: the link it was asked for on is gone.
public struct MemoryBrokerLost: Error {}
