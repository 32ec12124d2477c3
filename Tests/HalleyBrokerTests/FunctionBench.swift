import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

/// A server with the library, a connection to it, and short words for the calls.
struct FunctionBench {
    let server: RedisServer
    private(set) var redis: RedisConnection
    let keys = RedisKeys(.standard)

    init() async throws {
        server = try await RedisServer()
        redis = try await server.connect()
        try await load()
    }

    func load() async throws { try await LibraryLoader(.standard, logger: .quiet).load(on: redis) }

    /// The same library anew, as an upgrade brings it: its memory is gone.
    func reload() async throws { try await redis.send("FUNCTION", "LOAD", "REPLACE", FunctionLibrary.source) }

    /// Ends as a crash does, and comes back with what was saved last.
    mutating func crash() async throws {
        server.kill()
        try await server.start()
        redis = try await server.connect()
        try await load()
    }

    @discardableResult
    func call(_ arguments: String...) async throws -> RESPValue {
        try await redis.send(RedisCommand(arguments: arguments))
    }

    @discardableResult
    func publish(_ payload: String = "", on name: String = "halley:news") async throws -> EventID {
        let reply = try await call("FCALL", "halley_publish", "1", name, payload)
        return try #require(reply.string.flatMap { EventID($0) })
    }

    func read(_ log: String = "halley/log/news", after id: EventID = .zero) async throws -> LogPage {
        try #require(LogPage(try await call("FCALL", "halley_read", "1", log, "\(id)", "100", "1000000")))
    }

    /// A fresh id and its era.
    @discardableResult
    func next(seen: EventID? = nil) async throws -> Watermark {
        let seen: [any RedisArgument] = seen.map { [$0.description] } ?? []
        let reply = try await redis.send(RedisCommand(arguments: ["FCALL", "halley_next", 1, keys.clock] + seen))
        return try #require(Watermark(mark: reply))
    }

    func retain(_ milliseconds: Int) async throws -> Int64? {
        try await call("FCALL", "halley_retain", "1", keys.clock, "\(milliseconds)").integer
    }
}
