import HalleyClient
import HalleyCore
import HalleyRedis

/// What is measured, and with what.
package struct BenchSettings: Sendable {
    /// How events are published.
    package enum Verb: String, Sendable, CaseIterable { case live, durable }

    /// When the next event is published.
    package enum Pace: Sendable, Equatable {
        /// Open loop: so many a second, whatever becomes of those before.
        case rate(Double)
        /// Closed loop: as soon as fewer events than this are on their way to all who want them.
        case saturate(window: Int)
    }

    package var url: ServerURL
    package var redis: RedisEndpoint
    package var cluster: ClusterName
    package var connections = 1_000
    package var transport = Transport.sse
    /// Connection i wants channel i modulo this.
    package var channels = 1
    package var verb = Verb.live
    package var pace = Pace.rate(100)
    /// An event's payload, in bytes.
    package var payload = 128
    /// How long is measured, in seconds.
    package var seconds = 10.0
    /// How long is published before that, in seconds.
    package var warmup = 2.0
    /// Connections begun a second: below what a coordinator on one core grants.
    package var ramp = 1_000.0
    /// Event loops that hold connections.
    package var threads = 1
    /// Addresses of this machine that connections come from, in turns; empty for the system's choice.
    package var sources: [String] = []
    /// How long all connections may take to be open once the last has begun, in seconds.
    package var patience = 30.0

    package init(url: ServerURL, redis: RedisEndpoint, cluster: ClusterName) {
        self.url = url
        self.redis = redis
        self.cluster = cluster
    }

    /// Payloads that can be made and published, in bytes.
    package static let payloads = BenchPayload.minimumLength...1_048_576

    /// One thread reads more than ten thousand connections' share of an ordinary rate; a core is left to the publisher.
    package static func threads(for connections: Int, cores: Int) -> Int {
        max(1, min(cores - 1, (connections + 9_999) / 10_000))
    }

    /// How many durable events a channel's log keeps: those of half a minute, so that who is away for as long as a
    /// failover takes misses none, and no more than a hundred thousand.
    var history: Int {
        switch pace {
        case .rate(let rate): Int(min(100_000, max(1_000, rate * 30)))
        case .saturate: 100_000
        }
    }
}

/// Why there is nothing to measure: one line that says what to do.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
