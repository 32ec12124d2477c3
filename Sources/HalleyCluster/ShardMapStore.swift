import HalleyCore
import HalleyRedis

/// The shard map in Redis: the hash `NAME/shards`. Anyone may read it; only the leader can write it.
public struct ShardMapStore: Sendable {
    private let redis: any RedisCommands
    private let name: ClusterName

    /// A view of one cluster's map over a link that somebody else starts and closes.
    public init(redis: any RedisCommands, name: ClusterName) {
        self.redis = redis
        self.name = name
    }

    /// The map as it stands; `nil` when there is none.
    public func read() async throws -> ShardMap? {
        let reply = try await redis.send("HGETALL", name.own("shards"))
        guard let fields = reply.pairs else { throw RedisError.unexpectedReply("\(reply) instead of the shard map") }
        return ShardMap(fields: fields.compactMapValues(\.string))
    }

    /// Replaces the map as a whole, fenced: Redis itself checks that the token still leads and that the generation is
    /// newer than what is there, so that a leader that slept through its deposition changes nothing.
    ///
    /// - Throws: ``ShardMapError`` when one of the two checks fails.
    public func write(_ map: ShardMap, token: String) async throws {
        // Generations are compared as pairs of numbers. Lua's are exact up to 2⁵³; milliseconds reach that in 287,000 years.
        let script = """
            if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'deposed' end
            local there = redis.call('HGET', KEYS[1], 'generation')
            if there then
              local ms, n = string.match(there, '^(%d+)-(%d+)$')
              local newms, newn = string.match(ARGV[2], '^(%d+)-(%d+)$')
              ms, n, newms, newn = tonumber(ms), tonumber(n), tonumber(newms), tonumber(newn)
              if ms and (ms > newms or (ms == newms and n >= newn)) then return there end
            end
            redis.call('DEL', KEYS[1])
            redis.call('HSET', KEYS[1], unpack(ARGV, 3))
            return 'written'
            """
        var arguments: [any RedisArgument] = [
            "EVAL", script, 2, name.own("shards"), name.own("leader"), token, map.generation.description,
        ]
        for field in map.fields {
            arguments.append(field.name)
            arguments.append(field.value)
        }
        let reply = try await redis.send(RedisCommand(arguments: arguments))
        switch reply.string {
        case "written": return
        case "deposed": throw ShardMapError.deposed
        case let text?:
            guard let newer = EventID(text) else { fallthrough }
            throw ShardMapError.outdated(newest: newer)
        default: throw RedisError.unexpectedReply("\(reply) to a new shard map")
        }
    }
}

/// Why a shard map was not written.
public enum ShardMapError: Error, Equatable, CustomStringConvertible {
    /// Another coordinator leads by now.
    case deposed
    /// A map of a generation as new or newer stands there.
    case outdated(newest: EventID)

    /// What was found, and what follows.
    public var description: String {
        switch self {
        case .deposed: "the shard map was not written: this coordinator doesn't hold the lease any more"
        case .outdated(let newest):
            "the shard map was not written: generation \(newest) stands there already; ask for a newer one"
        }
    }
}
