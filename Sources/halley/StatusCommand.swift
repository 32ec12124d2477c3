import ArgumentParser
import HalleyCluster
import HalleyCore
import HalleyRedis
import Logging

/// `halley status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the workers, the leader and who owns which shards, as Redis has them.")

    @OptionGroup var redis: RedisOptions

    func run() async throws {
        try await RedisSession.with(redis) { connection in
            let logger = LogOptions.quiet
            let roll = try await Registry(redis: connection, name: redis.name, logger: logger).list()
            let map = try await ShardMapStore(redis: connection, name: redis.name).read()
            StandardStream.output.write(Self.table(roll: roll, map: map))
        }
    }

    /// ```
    /// generation 1795359771922-57  leader coordinator-1
    /// worker    address         state  connections  shards  version
    /// worker-1  127.0.0.1:9001  ready            3      22  0.1.0
    /// ```
    private static func table(roll: Registry.Roll, map: ShardMap?) -> String {
        var text =
            map.map { "generation \($0.generation)  leader \($0.leader)\n" }
            ?? "no shard map yet: no coordinator leads\n"
        var rows = [["worker", "address", "state", "connections", "shards", "version"]]
        let counts = map?.counts ?? [:]
        for record in roll.workers.values.sorted(by: { $0.id < $1.id }) {
            rows.append([
                "\(record.id)", "\(record.address)", record.state.rawValue, "\(record.connections)",
                "\(counts[record.id] ?? 0)", record.version,
            ])
        }
        for (id, count) in counts.sorted(by: { $0.key < $1.key }) where roll.workers[id] == nil {
            rows.append(["\(id)", "-", "gone", "-", "\(count)", "-"])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let padding = row.indices.map { $0 == row.count - 1 ? 0 : widths[$0] - row[$0].count }
            let cells = row.indices.map { row[$0] + String(repeating: " ", count: padding[$0]) }
            text += cells.joined(separator: "  ") + "\n"
        }
        return text
    }
}
