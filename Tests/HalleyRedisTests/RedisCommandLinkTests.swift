import HalleyRedis
import Logging
import NIOCore
import NIOPosix
import RedisFixture
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct RedisCommandLinkTests {
    private func makeLink(
        _ endpoint: RedisEndpoint, options: RedisLinkOptions = RedisLinkOptions(),
        onConnect: @escaping RedisCommandLink.ConnectHook = { _ in }
    ) -> RedisCommandLink {
        let link = RedisCommandLink(
            to: endpoint, on: MultiThreadedEventLoopGroup.singleton.any(), options: options, logger: .quiet,
            onConnect: onConnect)
        link.start()
        return link
    }

    @Test func sendsOnceReady() async throws {
        let server = try await RedisServer()
        let link = makeLink(server.endpoint)
        try await link.ready()
        #expect(try await link.send("PING").string == "PONG")
        let reply: EventLoopFuture<RESPValue> = link.send(RedisCommand("ECHO", "x"))
        #expect(try await reply.get().string == "x")
        link.close()
        await #expect(throws: RedisError.closed) { try await link.send("PING") }
        await #expect(throws: RedisError.closed) { try await link.ready() }
    }

    @Test func failsFastWhileDown() async throws {
        let link = makeLink(RedisEndpoint(address: .unix(path: "/nonexistent/redis.sock")))
        defer { link.close() }
        for _ in 0..<3 {
            let error = await #expect(throws: RedisError.self) { try await link.send("PING") }
            guard case .down = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func comesBackWithin2SecondsOfRedis() async throws {
        let server = try await RedisServer()
        let link = makeLink(server.tcpEndpoint)
        defer { link.close() }
        try await link.ready()
        server.kill()
        try await eventually { (try? await link.send("PING")) == nil }
        // Long enough for the backoff to have reached its cap.
        try await Task.sleep(for: .seconds(2))
        try await server.start()
        try await eventually(within: .seconds(2)) { (try? await link.send("PING")) != nil }
    }

    @Test func comesBackAfterBeingKilledByRedis() async throws {
        let server = try await RedisServer()
        let link = makeLink(server.endpoint)
        defer { link.close() }
        try await link.ready()
        let id = try #require(try await link.send("CLIENT", "ID").integer)
        let other = try await server.connect()
        try await other.send("CLIENT", "KILL", "ID", id)
        try await eventually { (try? await link.send("CLIENT", "ID").integer) ?? id > id }
    }

    @Test func runsItsHookBeforeAnybodyElse() async throws {
        let server = try await RedisServer()
        let link = makeLink(server.endpoint) { connection in
            try await connection.send("SET", "hook", "ran")
            try await connection.send("INCR", "connections")
        }
        defer { link.close() }
        try await link.ready()
        #expect(try await link.send("GET", "hook").string == "ran")
        link.reconnect(because: "the test says so")
        try await eventually { (try? await link.send("GET", "connections").integer) == 2 }
    }

    @Test func triesAnotherConnectionWhenTheHookThrows() async throws {
        let server = try await RedisServer()
        let calls = Mutex(0)
        let link = makeLink(server.endpoint) { _ in
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            if call < 3 { throw RedisError.unexpectedReply("not yet") }
        }
        defer { link.close() }
        try await link.ready()
        #expect(calls.withLock { $0 } == 3)
        // The connections that were refused are closed.
        try await eventually {
            try await link.send("CLIENT", "LIST", "TYPE", "normal").string?.split(separator: "\n").count == 1
        }
    }

    @Test func closesAConnectionWhosePipelineHangs() async throws {
        let server = try await RedisServer()
        var options = RedisLinkOptions()
        options.replyDeadline = .milliseconds(300)
        let link = makeLink(server.endpoint, options: options)
        defer { link.close() }
        try await link.ready()
        let before = try await link.send("CLIENT", "ID").integer ?? 0
        server.freeze()
        await #expect(throws: RedisError.overdue(milliseconds: 300)) { try await link.send("PING") }
        server.thaw()
        try await eventually { (try? await link.send("CLIENT", "ID").integer) ?? 0 > before }
    }

    @Test func endsAWaitThatIsCancelled() async throws {
        let link = makeLink(RedisEndpoint(address: .unix(path: "/nonexistent/redis.sock")))
        defer { link.close() }
        let waiting = Task { try await link.ready() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func keepsTheOrderOfOneCaller() async throws {
        let server = try await RedisServer()
        let link = makeLink(server.endpoint)
        defer { link.close() }
        try await link.ready()
        for number in 0..<500 { _ = link.send(RedisCommand("RPUSH", "list", number)) as EventLoopFuture<RESPValue> }
        let list = try await link.send("LRANGE", "list", 0, -1).array?.compactMap(\.integer)
        #expect(list == Array(0..<500))
    }
}
