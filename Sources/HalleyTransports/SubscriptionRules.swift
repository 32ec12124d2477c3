import HalleyCore

/// What an operator lets clients ask for.
public struct SubscriptionRules: Sendable {
    /// Whose pages may hold what the browser's own rules don't guard: WebSockets and frames.
    public var origins: OriginPolicy
    /// Whether JSONP is served.
    public var offersJSONP: Bool

    /// The rules; each is documented where it is declared.
    public init(origins: OriginPolicy, offersJSONP: Bool = true) {
        self.origins = origins
        self.offersJSONP = offersJSONP
    }

    /// Pages of the apex of a cluster on this machine, and JSONP.
    public static let standard = SubscriptionRules(
        origins: OriginPolicy(apex: Origin(scheme: "http", host: "push.localhost", port: 8_080), allowed: []))
}
