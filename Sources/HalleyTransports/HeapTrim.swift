import NIOCore

#if canImport(Glibc)
    import CMalloc
#endif

/// When many clients have gone, the memory that they took goes back to the system.
///
/// glibc keeps what was freed for later: after a peak of 12,000 connections 28 MiB of 55, for good, and 1 MiB after a trim
/// (`malloc_trim(3)`). A trim of that takes about a millisecond of the loop, so it waits for a real fall, and for
/// the dust to settle. Pure, ``release()`` aside.
package struct HeapTrim {
    /// A fall of less isn't worth it: 1,000 connections are about 2.4 MB.
    package static let leastFall = 1_000
    /// With nobody left there is no one to wait for it either.
    package static let leastOfAll = 100
    /// For how long the number must have been down: clients that were cut off come back within a second or two.
    package static let patience = TimeAmount.seconds(5)

    private var peak = 0
    private var fallen: NIODeadline?

    package init() {}

    /// Whether to trim now: half of those held at the peak since the last trim have gone, or all, and stayed away. To be asked
    /// about once a second.
    package mutating func isDue(held: Int, now: NIODeadline) -> Bool {
        peak = max(peak, held)
        let isFall = peak - held >= Self.leastFall && held <= peak / 2
        guard isFall || held == 0 && peak >= Self.leastOfAll else {
            fallen = nil
            return false
        }
        let since = fallen ?? now
        fallen = since
        guard now - since >= Self.patience else { return false }
        peak = held
        fallen = nil
        return true
    }

    /// Gives free memory back; nothing where the C library has no such call.
    package static func release() {
        #if canImport(Glibc)
            _ = malloc_trim(0)
        #endif
    }
}
