/// A piece of work whose cost is guarded: what Tests/Benchmarks measures. Here, because only targets of this package see
/// what is `package`; there, because the tool that measures shall reach no user of Halley.
public struct Subject {
    /// What is done once in a run: the name under which thresholds are kept.
    public let name: String
    /// Does it once. The result is for the caller to look at, so that the compiler can't leave the work out.
    public let run: () -> Int

    /// All that is guarded.
    public static func all() -> [Subject] {
        [Self.stamp, Self.position] + Self.encodings + [Self.hubDelivery]
    }
}
