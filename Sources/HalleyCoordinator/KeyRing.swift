import HalleyCore
import Synchronization

/// The keys that tickets are signed with, once they are known.
final class KeyRing: Sendable {
    private let keys: Mutex<TicketKeys?>

    /// - Parameter keys: `nil` when they are still to be read from Redis.
    init(_ keys: TicketKeys? = nil) { self.keys = Mutex(keys) }

    var isKnown: Bool { keys.withLock { $0 != nil } }

    /// - Throws: ``RequestError/unavailable`` while they aren't known.
    func current() throws(RequestError) -> TicketKeys {
        guard let keys = keys.withLock({ $0 }) else { throw .unavailable }
        return keys
    }

    func set(_ known: TicketKeys) { keys.withLock { $0 = known } }
}
