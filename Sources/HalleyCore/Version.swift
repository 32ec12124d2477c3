/// This build of Halley.
public enum Version {
    /// Semantic (https://semver.org). Workers register it, so that a mixed cluster can be seen.
    public static let current = "0.1.0"
}
