/// Why a client can't begin, or ended for good. What a network does is no such reason: the client comes back.
public struct HalleyClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of reason.
    public enum Code: Sendable, Hashable {
        /// An argument can't be right.
        case invalidArgument
        /// The server answered with this HTTP status, and would again.
        case refused(status: Int)
        /// What answers isn't Halley.
        case notHalley
        /// There was no connection for longer than ``HalleyClient/Options/patience``.
        case gaveUp
        /// TLS can't be set up: mostly a file of certificates that can't be read.
        case tls
    }

    /// What kind of reason.
    public let code: Code
    /// What was wrong, what was expected, and what to do: one line for people.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
