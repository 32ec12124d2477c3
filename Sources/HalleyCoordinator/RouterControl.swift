import HalleyRouter
import NIOCore

/// Something that can be told who owns which shard, and is told again every second.
package protocol RouterControl: Sendable {
    /// For logs.
    var name: String { get }

    /// Makes the router agree with the target, wherever it doesn't.
    /// - Parameter holdsLease: asked before anything is changed.
    func reconcile(
        _ target: RouterTarget, holdsLease: @Sendable () async -> Bool
    ) async throws(RouterError) -> RouterChange
}

extension HAProxyRouter: RouterControl {
    package nonisolated var name: String { address.description }
}
