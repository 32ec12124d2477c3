import HTTPTypes
import HalleyBrowser

/// What a request asks for.
package enum Route: Hashable, Sendable, CaseIterable {
    case demo
    case client(ClientFile)
    case session
    case events
    case publish
    case shards
    case live
    case ready

    package static let allCases: [Route] =
        [.demo, .session, .events, .publish, .shards, .live, .ready] + ClientFile.allCases.map { .client($0) }

    package var path: String {
        switch self {
        case .demo: "/"
        case .client(let file): "/\(file.rawValue)"
        case .session: "/session"
        case .events: "/events"
        case .publish: "/publish"
        case .shards: "/shards"
        case .live: "/health/live"
        case .ready: "/health/ready"
        }
    }

    package var methods: [HTTPRequest.Method] {
        switch self {
        case .session: [.post, .options]
        case .events: [.get, .head, .options]
        case .publish: [.post]
        case .demo, .client, .shards, .live, .ready: [.get, .head]
        }
    }

    /// Whether everyone may come here. The rest is for the administrators' listener, or for all in the open mode.
    package var isPublic: Bool {
        switch self {
        case .demo, .client, .session, .events, .live: true
        case .publish, .shards, .ready: false
        }
    }

    /// - Parameter isOpen: whether the listener serves the administrators' routes too. Where it doesn't, they aren't
    ///   there: 404, not 403.
    /// - Throws: ``RequestError/unknownPath`` or ``RequestError/wrongMethod(_:)``.
    package init(path: some StringProtocol, method: HTTPRequest.Method, isOpen: Bool) throws(RequestError) {
        guard let route = Self.allCases.first(where: { $0.path == path }), isOpen || route.isPublic else {
            throw .unknownPath
        }
        guard route.methods.contains(method) else { throw .wrongMethod(route.methods) }
        self = route
    }
}
