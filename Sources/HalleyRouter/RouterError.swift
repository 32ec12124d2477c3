import HalleyCore

/// Why a router could not be brought to its target. Every case is safe to answer with another try a second later.
public enum RouterError: Error, Equatable, CustomStringConvertible {
    /// Nobody answers at the runtime address; the cause as text.
    case unreachable(RouterAddress, cause: String)
    /// No complete answer within the time limit (milliseconds).
    case timedOut(RouterAddress, command: String, milliseconds: Int64)
    /// The answer is longer than any this client asks for (bytes).
    case answerTooLong(RouterAddress, command: String, limit: Int)
    /// HAProxy refused a command.
    case refused(command: String, answer: String)
    /// HAProxy answered something that this client can't read.
    case unreadable(command: String, answer: String)
    /// No map named `shards.map` is loaded: this is not a router with Halley's configuration.
    case noShardMap(RouterAddress)
    /// The lease was lost before the change was made; another coordinator leads now.
    case leaseLost
    /// The router holds the map of a later generation. Either another coordinator leads by now, or Redis lost its clock:
    /// a true leader asks for its next generation with this one as the newest id it has seen.
    case newerGeneration(EventID)

    /// What went wrong with which router, and what follows.
    public var description: String {
        switch self {
        case .unreachable(let address, let cause): "the router at \(address) can't be reached: \(cause)"
        case .timedOut(let address, let command, let milliseconds):
            "the router at \(address) gave no complete answer to '\(command)' within \(milliseconds) ms"
        case .answerTooLong(let address, let command, let limit):
            "the router at \(address) answered '\(command)' with over \(limit) bytes"
        case .refused(let command, let answer): "the router refused '\(command)': \(answer)"
        case .unreadable(let command, let answer): "the router's answer to '\(command)' can't be read: \(answer)"
        case .noShardMap(let address):
            "the router at \(address) has no map file named shards.map; start it with docker/haproxy/haproxy.cfg"
        case .leaseLost: "the lease was lost before the router was changed; the next leader will change it"
        case .newerGeneration(let generation): "the router already holds generation \(generation), a later one"
        }
    }
}
