import HalleyCore
import HalleyRedis
import Logging

/// The workers of a cluster as Redis knows them: a set of ids, and for each a record under a lease.
///
/// Redis' own clock ends the leases (`PEXPIRE`), so no two machines' clocks are ever compared.
public struct Registry: Sendable {
    /// The most workers that are read; who would be the next is ignored. 1,000: far more than the 64 that can own shards.
    public static let maximumWorkers = 1_000

    private let redis: any RedisCommands
    private let name: ClusterName
    private let leases: LeaseTimes
    private let logger: Logger

    /// A view of one cluster's registry over a link that somebody else starts and closes.
    public init(redis: any RedisCommands, name: ClusterName, leases: LeaseTimes = .standard, logger: Logger) {
        self.redis = redis
        self.name = name
        self.leases = leases
        self.logger = logger
    }

    /// Writes a worker's record and begins its lease anew. Called at the start, then with every heartbeat.
    ///
    /// - Returns: the incarnation of the record that was replaced, if there was one. Another than the worker's own, after
    ///   its first heartbeat, means that two workers were started under one id.
    @discardableResult
    public func register(_ record: WorkerRecord) async throws -> Incarnation? {
        let script = """
            local before = redis.call('HGET', KEYS[2], 'incarnation')
            redis.call('SADD', KEYS[1], ARGV[1])
            redis.call('DEL', KEYS[2])
            redis.call('HSET', KEYS[2], unpack(ARGV, 3))
            redis.call('PEXPIRE', KEYS[2], ARGV[2])
            return before
            """
        var arguments: [any RedisArgument] = [
            "EVAL", script, 2, name.own("workers"), key(record.id), record.id.description, leases.lease.milliseconds,
        ]
        for field in record.fields {
            arguments.append(field.name)
            arguments.append(field.value)
        }
        return try await redis.send(RedisCommand(arguments: arguments)).string.flatMap { Incarnation($0) }
    }

    /// Takes a worker out, at the end of a graceful stop: its shards move at once. A worker that was started again
    /// under the same id meanwhile stays.
    public func remove(_ id: WorkerID, incarnation: Incarnation) async throws {
        let script = """
            if redis.call('HGET', KEYS[2], 'incarnation') ~= ARGV[2] then return 0 end
            redis.call('SREM', KEYS[1], ARGV[1])
            return redis.call('DEL', KEYS[2])
            """
        try await redis.send(
            "EVAL", script, 2, name.own("workers"), key(id), id.description, incarnation.description)
    }

    /// Strikes an id from the set when its lease has run out, so that the set doesn't grow with every name that ever was.
    public func forget(_ id: WorkerID) async throws {
        let script = """
            if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
            return redis.call('SREM', KEYS[1], ARGV[1])
            """
        try await redis.send("EVAL", script, 2, name.own("workers"), key(id), id.description)
    }

    /// Reads all records in one step. One that can't be parsed is left out with a line in the log.
    public func list() async throws -> Roll {
        let script = """
            local roll = {}
            for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
              local key = KEYS[1] .. '/' .. id
              roll[#roll + 1] = { id, redis.call('PTTL', key), redis.call('HGETALL', key) }
              if #roll == tonumber(ARGV[1]) then break end
            end
            return roll
            """
        let reply = try await redis.send("EVAL", script, 1, name.own("workers"), Self.maximumWorkers)
        guard let entries = reply.array else { throw RedisError.unexpectedReply("\(reply) instead of the workers") }
        var roll = Roll()
        for entry in entries {
            guard let parts = entry.array, parts.count == 3, let text = parts[0].string, let left = parts[1].integer,
                let fields = parts[2].pairs
            else { throw RedisError.unexpectedReply("\(entry) instead of a worker") }
            guard let id = WorkerID(text) else {
                logger.warning(
                    "the registry holds a name that is no worker's; ignored", metadata: ["bytes": "\(text.utf8.count)"])
                continue
            }
            guard left >= 0 else {
                roll.absent.insert(id)
                continue
            }
            do throws(WorkerRecordError) {
                let record = try WorkerRecord(id: id, fields: fields.compactMapValues(\.string))
                // What is about to run out has missed two heartbeats: the worker is dead already.
                if left < leases.lastMoments.milliseconds {
                    roll.absent.insert(id)
                } else {
                    roll.workers[id] = record
                }
            } catch {
                logger.warning(
                    "a worker's record can't be read; ignored", metadata: ["worker": "\(id)", "error": "\(error)"])
            }
        }
        return roll
    }

    private func key(_ id: WorkerID) -> String { name.own("workers/\(id)") }

    /// What the registry holds at one moment.
    public struct Roll: Hashable, Sendable {
        /// The records of those whose lease holds.
        public var workers: [WorkerID: WorkerRecord] = [:]
        /// Those that registered once and whose lease has run out, or is about to.
        public var absent: Set<WorkerID> = []

        /// An empty roll.
        public init() {}
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
