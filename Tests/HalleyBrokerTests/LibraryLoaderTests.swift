import HalleyBroker
import HalleyCore
import HalleyRedis
import RedisFixture
import Testing

@Suite(.timeLimit(.minutes(1))) struct LibraryLoaderTests {
    /// A loader of a library that knows nothing but its version.
    private func loader(_ version: Int64) -> LibraryLoader {
        LibraryLoader(
            .standard, logger: .quiet, version: version,
            source: """
                #!lua name=\(FunctionLibrary.name)
                redis.register_function('halley_version', function() return \(version) end)
                """)
    }

    private func version(_ redis: RedisConnection) async throws -> Int64? {
        try await redis.send("FCALL", "halley_version", 0).integer
    }

    @Test func loadsWhatIsMissing() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        try await LibraryLoader(.standard, logger: .quiet).load(on: redis)
        #expect(try await version(redis) == FunctionLibrary.version)
        #expect(try await redis.send("GET", RedisKeys(.standard).library).integer == FunctionLibrary.version)
    }

    @Test func loadsOverAnOlder() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        try await loader(3).load(on: redis)
        try await loader(4).load(on: redis)
        #expect(try await version(redis) == 4)
    }

    @Test func leavesTheSameAndANewerAlone() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        try await loader(9).load(on: redis)
        let before = try await redis.send("FUNCTION", "LIST", "WITHCODE")
        try await LibraryLoader(.standard, logger: .quiet).load(on: redis)
        try await loader(9).load(on: redis)
        #expect(try await redis.send("FUNCTION", "LIST", "WITHCODE") == before)
        #expect(try await version(redis) == 9)
    }

    @Test func theNewestWinsHoweverManyLoadAtOnce() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        for _ in 0..<10 {
            try await redis.send("FUNCTION", "FLUSH")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for version in Int64(1)...12 {
                    group.addTask {
                        let connection = try await server.connect()
                        defer { connection.close() }
                        // A loser of many races in a row is turned away, and its link connects anew.
                        while (try? await loader(version).load(on: connection)) == nil {}
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await version(redis) == 12)
        }
    }

    @Test func comesAfterARestart() async throws {
        let server = try await RedisServer()
        let link = RedisCommandLink(
            to: server.endpoint, on: server.eventLoop, logger: .quiet,
            onConnect: LibraryLoader(.standard, logger: .quiet).load)
        defer { link.close() }
        link.start()
        try await link.ready()
        server.kill()
        try await server.start()
        try await eventually {
            (try? await link.send("FCALL", "halley_version", 0).integer) == FunctionLibrary.version
        }
    }

    @Test func saysWhatRedisHasAgainstIt() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        await #expect(throws: RedisErrorReply.self) {
            try await LibraryLoader(.standard, logger: .quiet, version: 1, source: "#!lua name=halley\nnonsense")
                .load(on: redis)
        }
    }
}
