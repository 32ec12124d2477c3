import HalleyCore

/// What a router was found to know, read from its answers.
package struct RouterState: Equatable, Sendable {
    /// The number by which runtime commands name the map.
    package var mapNumber: Int
    /// The entries of the map, generation included.
    package var entries: [String: String]
    /// The servers of the backend that are workers by their names.
    package var servers: [WorkerID: Server]

    package init(mapNumber: Int, entries: [String: String] = [:], servers: [WorkerID: Server] = [:]) {
        self.mapNumber = mapNumber
        self.entries = entries
        self.servers = servers
    }

    package struct Server: Equatable, Sendable {
        /// Its place on the ring of the consistent hash.
        package var number: Int
        package var endpoint: ServerEndpoint
        package var isDown: Bool
        /// How long it has been up, or down, in whole seconds of the router's clock: one more may have begun.
        package var secondsSinceChange: Int
        package var isInMaintenance: Bool
        package var isDraining: Bool
        package var isChecked: Bool

        /// A server in service, unless said otherwise.
        package init(
            number: Int, endpoint: ServerEndpoint, isDown: Bool = false, secondsSinceChange: Int = 0,
            isInMaintenance: Bool = false, isDraining: Bool = false, isChecked: Bool = true
        ) {
            self.number = number
            self.endpoint = endpoint
            self.isDown = isDown
            self.secondsSinceChange = secondsSinceChange
            self.isInMaintenance = isInMaintenance
            self.isDraining = isDraining
            self.isChecked = isChecked
        }
    }

    /// The generation that the map holds; `nil` for a map that nobody filled.
    package var generation: EventID? { entries[MapEntry.generationKey].flatMap { EventID($0) } }

    /// The name of the map's file, whatever its folder.
    static let mapFile = "shards.map"

    /// Reads `show map`: `0 (/etc/halley/shards.map) pattern loaded from file …`. `nil` when no map has the name.
    package static func mapNumber(inList answer: String) -> Int? {
        for line in answer.split(whereSeparator: \.isNewline) {
            guard let open = line.firstIndex(of: "("), let close = line[open...].firstIndex(of: ")"),
                let number = Int(line[..<open].filter { $0 != " " }),
                line[line.index(after: open)..<close].split(separator: "/").last == mapFile[...]
            else { continue }
            return number
        }
        return nil
    }

    /// Reads `show map #N`: `0x55d0c8 s17 worker-1` a line.
    package static func entries(inMap answer: String) -> [String: String] {
        var entries: [String: String] = [:]
        for line in answer.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, fields[0].hasPrefix("0x") else { continue }
            entries[String(fields[1])] = String(fields[2])
        }
        return entries
    }

    /// Reads `show servers state workers`: a version, a line of column names, a server a line. `nil` when it is no such
    /// answer or a column is missing. Later versions of HAProxy add columns, so they go by their names.
    package static func servers(inStates answer: String) -> [WorkerID: Server]? {
        let lines = answer.split(whereSeparator: \.isNewline)
        guard lines.count >= 2, lines[0] == "1", lines[1].hasPrefix("# ") else { return nil }
        let columns = lines[1].dropFirst(2).split(separator: " ")
        func position(_ name: Substring) -> Int? { columns.firstIndex(of: name) }
        guard let name = position("srv_name"), let number = position("srv_id"), let ip = position("srv_addr"),
            let port = position("srv_port"), let operational = position("srv_op_state"),
            let administrative = position("srv_admin_state"), let check = position("srv_check_state"),
            let since = position("srv_time_since_last_change")
        else { return nil }

        var servers: [WorkerID: Server] = [:]
        for line in lines.dropFirst(2) {
            let fields = line.split(separator: " ")
            guard fields.count == columns.count, let worker = WorkerID(fields[name]), let id = Int(fields[number]),
                let port = Int(fields[port]), let admin = Int(fields[administrative]), let check = Int(fields[check]),
                let since = Int(fields[since])
            else { continue }
            servers[worker] = Server(
                number: id,
                endpoint: ServerEndpoint(ip: String(fields[ip]), port: port),
                isDown: fields[operational] == "0",
                secondsSinceChange: since,
                isInMaintenance: admin & maintenanceMask != 0,
                isDraining: admin & drainMask != 0,
                isChecked: check & checkEnabled != 0)
        }
        return servers
    }

    // HAProxy's management guide, "show servers state": SRV_ADMF_… and CHK_ST_….
    private static let maintenanceMask = 0x01 | 0x02 | 0x04 | 0x20
    private static let drainMask = 0x08 | 0x10
    private static let checkEnabled = 0x04
}
