import HalleyCore

/// A command of HAProxy's runtime API, as this router uses it (HAProxy's management guide, section 9.3).
package enum RuntimeCommand: Equatable, Sendable {
    /// The one backend whose servers are workers, as `docker/haproxy/haproxy.cfg` names it.
    package static let backend = "workers"

    case showMaps
    case showMap(number: Int)
    case showServers
    case addServer(WorkerID, ServerEndpoint, number: Int)
    case setAddress(WorkerID, ServerEndpoint)
    case setState(WorkerID, ServerState)
    case enableHealth(WorkerID)
    case deleteServer(WorkerID)
    case shutdownSessions(WorkerID)
    case prepareMap(number: Int)
    case addEntries(number: Int, version: UInt32, [MapEntry])
    case commitMap(number: Int, version: UInt32)

    /// What an administrator wants of a server.
    package enum ServerState: String, Sendable {
        case ready
        /// No new connections but those the map sends there; standing ones stay, checks go on.
        case drain
        /// Out of service; standing connections stay.
        case maintenance = "maint"
    }

    /// The line (or lines) to send, with the final line end.
    package var text: String {
        switch self {
        case .showMaps: "show map\n"
        case .showMap(let number): "show map #\(number)\n"
        case .showServers: "show servers state \(Self.backend)\n"
        case .addServer(let worker, let endpoint, let number):
            "add server \(Self.backend)/\(worker) \(endpoint) id \(number) \(Self.serverOptions)\n"
        case .setAddress(let worker, let endpoint):
            "set server \(Self.backend)/\(worker) addr \(endpoint.ip) port \(endpoint.port)\n"
        case .setState(let worker, let state): "set server \(Self.backend)/\(worker) state \(state.rawValue)\n"
        case .enableHealth(let worker): "enable health \(Self.backend)/\(worker)\n"
        case .deleteServer(let worker): "del server \(Self.backend)/\(worker)\n"
        case .shutdownSessions(let worker): "shutdown sessions server \(Self.backend)/\(worker)\n"
        case .prepareMap(let number): "prepare map #\(number)\n"
        case .addEntries(let number, let version, let entries):
            // A payload: one entry a line, ended by an empty line.
            "add map @\(version) #\(number) <<\n" + entries.map { "\($0.key) \($0.value)\n" }.joined() + "\n"
        case .commitMap(let number, let version): "commit map @\(version) #\(number)\n"
        }
    }

    /// Checked twice a second, down after two failures, the second looked for sooner. Servers added at run time take nothing
    /// from `default-server`, so all of it stands here. `pool-max-conn` bounds the idle connections kept for long-pollers.
    ///
    /// A worker that is down has its streams closed by the leader, a little later (``RouterPlan/connecting``), and not by
    /// `on-marked-down shutdown-sessions`: that would also end the requests that are just connecting to it, without a word
    /// to their clients (`DC` in HAProxy's log), when all that they need is another worker.
    static let serverOptions = "check inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1 pool-max-conn 256"

    /// Whether the answer says that it was done. HAProxy has no status: most commands succeed in silence.
    package func isSuccess(_ answer: String) -> Bool {
        switch self {
        case .showMaps, .showMap, .showServers: true
        case .addServer: answer.hasPrefix("New server registered")
        case .setAddress: answer.contains("changed from") || answer.contains("no need to change")
        case .deleteServer: answer.hasPrefix("Server deleted")
        case .prepareMap: answer.hasPrefix("New version created")
        case .setState, .enableHealth, .shutdownSessions, .addEntries, .commitMap: answer.isEmpty
        }
    }
}

extension RuntimeCommand: CustomStringConvertible {
    /// The first line, for errors and logs.
    package var description: String { String(text.prefix { $0 != "\n" }) }
}

/// Where a server listens: an address in numbers, as HAProxy resolves no names for servers added at run time.
package struct ServerEndpoint: Hashable, Sendable, CustomStringConvertible {
    package let ip: String
    package let port: Int

    package init(ip: String, port: Int) {
        self.ip = ip
        self.port = port
    }

    package var description: String { ip.utf8.contains(UInt8(ascii: ":")) ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

/// A line of the map: `s17 worker-1`, or `generation <id>`.
package struct MapEntry: Hashable, Sendable {
    /// The key under which the map holds its generation. It can't be a shard's.
    static let generationKey = "generation"

    package let key: String
    package let value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
