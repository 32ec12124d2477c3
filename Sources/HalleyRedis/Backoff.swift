import NIOCore

/// How long to wait before connecting again: exponential with full jitter, bounded.
///
/// ```
/// delay = uniform(0, min(cap, base · 2ⁿ)), but 1 ms at least; n = failures in a row before this one
/// ```
/// | failures before | 0 | 1 | 2 | 3 | 4 | 5 and more |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | longest delay at base 50 ms, cap 800 ms | 50 ms | 100 ms | 200 ms | 400 ms | 800 ms | 800 ms |
///
/// Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/) spreads a cluster's processes
/// evenly over the delay, where plain doubling lets all of them come back at the same instants.
public struct Backoff: Hashable, Sendable {
    /// The longest delay after a first failure.
    public let base: TimeAmount
    /// The longest delay of all.
    public let cap: TimeAmount
    /// How many attempts have failed in a row.
    public private(set) var failures = 0

    /// - Precondition: 0 < base ≤ cap.
    public init(base: TimeAmount, cap: TimeAmount) {
        precondition(.zero < base && base <= cap, "0 < base ≤ cap")
        self.base = base
        self.cap = cap
    }

    /// Counts a failure and says how long to wait.
    /// - Parameter random: evenly distributed over 0 ..< 1.
    public mutating func next(random: Double) -> TimeAmount {
        // A shift by 62 at most, and the product saturates: a link may fail for years.
        let (product, overflow) = base.nanoseconds.multipliedReportingOverflow(by: 1 << min(failures, 62))
        let longest = overflow ? cap.nanoseconds : min(product, cap.nanoseconds)
        failures += 1
        return max(.milliseconds(1), .nanoseconds(Int64(Double(longest) * random)))
    }

    /// Forgets the failures, once a connection has proved itself.
    public mutating func reset() { failures = 0 }
}
