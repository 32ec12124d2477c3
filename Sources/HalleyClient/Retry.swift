/// How long to wait before trying again: exponential with full jitter, bounded.
///
/// ```
/// delay = uniform(0, min(longest, first · 2ⁿ)); n = failures in a row before this one
/// ```
/// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
package struct Retry {
    package let first: Duration
    package let longest: Duration
    /// How many tries have failed in a row.
    package private(set) var failures = 0

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// A connection that lasted so long was a good one: its end is the first failure of a new row. One that ends at once
    /// isn't, or a server that takes everyone and keeps no one would be asked without a pause.
    package static let proof = Duration.seconds(10)

    /// Counts a failure and says how long to wait.
    /// - Parameter random: evenly distributed over 0 ..< 1.
    package mutating func next(random: Double) -> Duration {
        // A factor of 2³⁰ is beyond any bound that makes sense.
        let bound = min(longest, first * (1 << min(failures, 30)))
        failures += 1
        return bound * random
    }

    package mutating func reset() { failures = 0 }
}
