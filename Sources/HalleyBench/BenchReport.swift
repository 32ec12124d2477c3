import HalleyCore
import Histogram

/// All that came of a run, as JSON has it.
package struct BenchReport: Sendable, Encodable {
    package struct Settings: Sendable, Encodable {
        package var url: String
        package var transport: String
        package var connections: Int
        package var channels: Int
        package var publish: String
        /// Events a second; absent in a closed loop.
        package var rate: Double?
        /// Events on their way; absent in an open loop.
        package var window: Int?
        /// In bytes.
        package var payload: Int
        package var seconds: Double
        package var warmup: Double
        package var threads: Int
        package var sources: [String]
        package var openFiles: Int
    }

    package struct Connections: Sendable, Encodable {
        /// When the first event was published.
        package var opened = 0
        /// At the end.
        package var open = 0
        package var reconnects = 0
        package var failed = 0
        package var unanswered = 0
        package var malformed = 0
        /// Answers without events by status, and WebSockets that were closed with a code from 1002 on, by that.
        package var refusals: [String: Int] = [:]
        /// From the first session asked for until all were open, in seconds.
        package var openedIn = 0.0
    }

    package struct Published: Sendable, Encodable {
        package var events = 0
        package var acknowledged = 0
        package var failed = 0
        /// In the measured time.
        package var perSecond = 0.0
        /// Times at which a closed loop waited in vain.
        package var stalls = 0
    }

    package struct Deliveries: Sendable, Encodable {
        package var expected = 0
        package var received = 0
        package var lost = 0
        package var doubled = 0
        package var reordered = 0
        package var gaps = 0
        package var foreign = 0
        /// In the measured time.
        package var perSecond = 0.0
    }

    /// In milliseconds.
    package struct Latency: Sendable, Encodable {
        package var from: String
        package var count: UInt64
        package var min: Double
        package var mean: Double
        package var p50: Double
        package var p90: Double
        package var p99: Double
        package var p999: Double
        package var max: Double

        package init?(_ microseconds: Histogram<UInt64>, isOpenLoop: Bool) {
            guard microseconds.totalCount > 0 else { return nil }
            from = isOpenLoop ? "when the event was due" : "when the event was sent"
            count = microseconds.totalCount
            let value = { Double(microseconds.valueAtPercentile($0)) / 1_000 }
            min = Double(microseconds.min) / 1_000
            mean = microseconds.mean / 1_000
            p50 = value(50)
            p90 = value(90)
            p99 = value(99)
            p999 = value(99.9)
            max = Double(microseconds.maxRecorded) / 1_000
        }
    }

    package var version = Version.current
    package var run: String
    package var settings: Settings
    package var connections = Connections()
    package var published = Published()
    package var deliveries = Deliveries()
    package var latency: Latency?
    package var load = LoadReadings()
    /// Why figures may say more of the bench or its machine than of the cluster.
    package var limits: [String] = []
    /// What went wrong first, by kind.
    package var trouble: [String] = []
    /// Whether it was ended before its time.
    package var interrupted = false
    /// How long was measured, in seconds.
    package var measured = 0.0
    package var passed = false

    /// Whether every connection got every event once and in order, and nothing was heard that can't be right.
    package var isClean: Bool {
        deliveries.lost == 0 && deliveries.doubled == 0 && deliveries.reordered == 0 && deliveries.foreign == 0
            && deliveries.gaps == 0 && connections.opened == settings.connections && connections.malformed == 0
            && published.acknowledged > 0
    }
}

extension BenchReport.Settings {
    init(_ settings: BenchSettings, openFiles: Int) {
        url = "\(settings.url)"
        transport = settings.transport.rawValue
        connections = settings.connections
        channels = settings.channels
        publish = settings.verb.rawValue
        switch settings.pace {
        case .rate(let rate): self.rate = rate
        case .saturate(let window): self.window = window
        }
        payload = settings.payload
        seconds = settings.seconds
        warmup = settings.warmup
        threads = settings.threads
        sources = settings.sources
        self.openFiles = openFiles
    }
}
