import Logging

extension Logger {
    /// A log that nobody reads.
    public static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
