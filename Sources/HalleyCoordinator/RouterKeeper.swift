import HalleyCore
import HalleyRouter
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps one router at what the control loop last wanted. A router that hangs holds up neither the leader's lease nor
/// the other routers; of what was wanted meanwhile only the newest counts.
final class RouterKeeper: Service {
    private struct State {
        var newer: EventID?
        var complaint: String?
    }

    private let router: any RouterControl
    private let holdsLease: @Sendable () -> Bool
    private let logger: Logger
    private let targets: AsyncStream<RouterTarget>
    private let wish: AsyncStream<RouterTarget>.Continuation
    private let state = Mutex(State())

    init(_ router: any RouterControl, holdsLease: @escaping @Sendable () -> Bool, logger: Logger) {
        var logger = logger
        logger[metadataKey: "router"] = "\(router.name)"
        self.router = router
        self.holdsLease = holdsLease
        self.logger = logger
        (targets, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for one look at the router, soon.
    func want(_ target: RouterTarget) { wish.yield(target) }

    /// The generation that was found in the router, while it is later than the one wanted.
    var newerGeneration: EventID? { state.withLock { $0.newer } }

    func run() async {
        await cancelWhenGracefulShutdown {
            for await target in self.targets { await self.reconcile(target) }
        }
    }

    private func reconcile(_ target: RouterTarget) async {
        do throws(RouterError) {
            let change = try await router.reconcile(target) { [holdsLease] in holdsLease() }
            let before = state.withLock { state in
                defer { state = State() }
                return state.complaint
            }
            if before != nil { logger.notice("the router answers again") }
            if !change.isEmpty { tell(change) }
        } catch {
            let text = "\(error)"
            let isNew = state.withLock { state in
                if case .newerGeneration(let generation) = error { state.newer = generation }
                defer { state.complaint = text }
                return state.complaint != text
            }
            // Once for each reason, not once a second.
            if isNew {
                logger.warning(
                    "the router can't be kept up to date; trying again every second", metadata: ["error": "\(text)"])
            }
        }
    }

    private func tell(_ change: RouterChange) {
        var metadata: Logger.Metadata = [:]
        if let generation = change.committed { metadata["generation"] = "\(generation)" }
        let lists = [
            ("added", change.added), ("readdressed", change.readdressed), ("readmitted", change.readmitted),
            ("retiring", change.retiring), ("removed", change.removed), ("unresolved", change.unresolved),
        ]
        for (name, workers) in lists where !workers.isEmpty {
            metadata[name] = "\(workers.map(\.description).joined(separator: " "))"
        }
        logger.info("the router was brought up to date", metadata: metadata)
    }
}
