/// Whose pages may do what, decided from a request's `Origin` and `Host`.
public struct OriginPolicy: Sendable {
    /// Where the cluster's own pages are.
    public let apex: Origin
    /// Other sites whose pages may ask for sessions, and hold what a page of any site can begin: a WebSocket, a frame.
    public let allowed: Set<Origin>
    /// Whether pages of this machine may as well: a developer's own, beside a cluster that is open.
    public let allowsLocal: Bool

    /// A policy; each part is documented where it is declared.
    public init(apex: Origin, allowed: Set<Origin>, allowsLocal: Bool = false) {
        self.apex = apex
        self.allowed = allowed
        self.allowsLocal = allowsLocal
    }

    /// How a request stands to the listener that it came to.
    package enum Relation: Equatable {
        /// No browser's script sent it across origins: curl, a server, a page of ours on an old browser.
        case direct
        /// A page of ours.
        case same
        /// A page of a site on the list.
        case listed(Origin)
        /// Any other page, or one that hides whose it is (`Origin: null`).
        case foreign
    }

    /// - Parameters:
    ///   - origin: the field's text; several fields joined make no valid one.
    ///   - host: what the request was addressed to, without regard to whether it is ours.
    package func relation(origin: String?, host: String?) -> Relation {
        guard let origin else { return .direct }
        guard let origin = Origin(origin) else { return .foreign }
        if origin == apex { return .same }
        // The administrators' listener is reached by an address of this machine: a page from the very same place is ours.
        if origin.isLoopback, let host, Origin(scheme: origin.scheme, authority: host.lowercased()) == origin {
            return .same
        }
        let isListed = allowed.contains(origin) || (allowsLocal && origin.isLocal)
        return isListed ? .listed(origin) : .foreign
    }

    /// Whether events may be handed to a page of this origin where the browser's own rules don't stand before them: by a
    /// WebSocket, or in a frame.
    ///
    /// A page that came from the very address it asks is verified too. It may be of a name that its owner has pointed
    /// here; that gains him nothing, for what a ticket doesn't guard any page may read. Under the apex the scheme is the
    /// apex' own: a page that came by `http` to a cluster of `https` may be anybody's who stands on the way.
    ///
    /// - Parameter host: the request's `Host`.
    package func verifies(_ origin: Origin, host: String?) -> Bool {
        if let host, Origin(scheme: origin.scheme, authority: host.lowercased()) == origin {
            let isOurs = origin.host == apex.host || origin.host.hasSuffix(".\(apex.host)")
            if !isOurs || origin.scheme == apex.scheme { return true }
        }
        return relation(origin: "\(origin)", host: host) != .foreign
    }

    /// Whether the request may publish: pages of ours and whatever is no page. Browsers that say where a request comes
    /// from (`Sec-Fetch-Site`) are believed when they say that it is from elsewhere.
    package func mayPublish(origin: String?, host: String?, fetchSite: String?) -> Bool {
        guard [nil, "same-origin", "none"].contains(fetchSite) else { return false }
        switch relation(origin: origin, host: host) {
        case .direct, .same: return true
        case .listed, .foreign: return false
        }
    }
}
