import FreePort
import HalleyRedis
import NIOCore
import NIOPosix
import RedisFixture
import Testing

/// Speaks first.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.channel.writeAndFlush(ByteBuffer(string: "220 mail.example.com ESMTP\r\n"), promise: nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct RedisConnectionTests {
    private var eventLoop: any EventLoop { MultiThreadedEventLoopGroup.singleton.any() }

    @Test func speaksOverTCPAndUnixSockets() async throws {
        let server = try await RedisServer()
        for endpoint in [server.endpoint, server.tcpEndpoint] {
            let connection = try await RedisConnection.connect(to: endpoint, on: eventLoop)
            #expect(try await connection.send("PING") == .status("PONG"))
            connection.close()
            try await connection.closed.get()
        }
    }

    @Test func repliesOfEveryKind() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        #expect(try await redis.send("SET", "k", "v") == .status("OK"))
        #expect(try await redis.send("GET", "k") == .bytes([0x76]))
        #expect(try await redis.send("GET", "absent") == .null)
        #expect(try await redis.send("INCRBY", "n", Int64.max) == .integer(.max))
        #expect(try await redis.send("HSET", "h", "a", 1, "b", 2) == .integer(2))
        #expect(try await redis.send("HGETALL", "h").pairs?.mapValues(\.integer) == ["a": 1, "b": 2])
        #expect(
            try await redis.send("EVAL", "return {1, {'a', {false, {}}}, redis.error_reply('MY own')}", 0)
                == .array([
                    .integer(1), .array([.bytes([0x61]), .array([.null, .array([])])]),
                    .error(RedisErrorReply("MY own")),
                ]))
        let error = await #expect(throws: RedisErrorReply.self) { try await redis.send("LPUSH", "k", "x") }
        #expect(error?.code == "WRONGTYPE")
        // An error reply is an answer: the connection goes on.
        #expect(try await redis.send("PING").string == "PONG")
    }

    @Test(arguments: ["%s", "%b%n", "x\r\nFLUSHALL\r\n", "nul\0byte", "*?[a]", ""])
    func contentIsNothingButContent(name: String) async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        try await redis.send("SET", "witness", "here")
        try await redis.send("SET", name, name)
        #expect(try await redis.send("GET", name).string == name)
        #expect(try await redis.send("GET", "witness").string == "here")
        #expect(try await redis.send("DBSIZE").integer == 2)
    }

    @Test func carriesBinaryAndBigValues() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        for size in [256, 20_000, 8_000_000] {
            let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            try await redis.send("SET", "big", value)
            #expect(try await redis.send("GET", "big").bytes == value)
        }
    }

    @Test func pipelinesInOrder() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        let commands = try await redis.eventLoop.submit {
            (0..<5_000).map { redis.send(RedisCommand("ECHO", $0)) as EventLoopFuture<RESPValue> }
        }.get()
        for (number, reply) in commands.enumerated() { #expect(try await reply.get().integer == Int64(number)) }
    }

    @Test func boundsWhatWaits() async throws {
        let server = try await RedisServer()
        var options = RedisLinkOptions()
        options.maximumPendingCommands = 10
        options.maximumPendingBytes = 1_000
        let redis = try await RedisConnection.connect(to: server.endpoint, on: eventLoop, options: options)
        let results = try await redis.eventLoop.submit {
            (0..<12).map { redis.send(RedisCommand("ECHO", $0)) as EventLoopFuture<RESPValue> }
        }.get()
        for (number, result) in results.enumerated() {
            if number < 10 {
                #expect(try await result.get().integer == Int64(number))
            } else {
                await #expect(throws: RedisError.tooManyPending("10 commands")) { try await result.get() }
            }
        }
        await #expect(throws: RedisError.tooManyPending("1000 bytes")) {
            try await redis.send("ECHO", [UInt8](repeating: 0, count: 1_000))
        }
        #expect(try await redis.send("PING").string == "PONG")
    }

    @Test func admitsItself() async throws {
        let server = try await RedisServer("--user", "worker", "on", ">s e@c:r/e%t", "~*", "&*", "+@all")
        let admin = try await server.connect()
        try await admin.send("ACL", "SETUSER", "default", "resetpass", ">general")
        func endpoint(_ credentials: RedisEndpoint.Credentials?) -> RedisEndpoint {
            RedisEndpoint(address: server.endpoint.address, credentials: credentials)
        }
        let worker = try await RedisConnection.connect(
            to: endpoint(.init(user: "worker", password: "s e@c:r/e%t")), on: eventLoop)
        #expect(try await worker.send("ACL", "WHOAMI").string == "worker")
        let general = try await RedisConnection.connect(to: endpoint(.init(password: "general")), on: eventLoop)
        #expect(try await general.send("ACL", "WHOAMI").string == "default")
        for wrong in [RedisEndpoint.Credentials(user: "worker", password: "x"), .init(password: "x")] {
            let error = await #expect(throws: RedisErrorReply.self) {
                try await RedisConnection.connect(to: endpoint(wrong), on: eventLoop)
            }
            #expect(error?.code == "WRONGPASS")
        }
        let stranger = try await RedisConnection.connect(to: endpoint(nil), on: eventLoop)
        let error = await #expect(throws: RedisErrorReply.self) { try await stranger.send("PING") }
        #expect(error?.code == "NOAUTH")
    }

    @Test func usesItsDatabase() async throws {
        let server = try await RedisServer()
        let seventh = try await RedisConnection.connect(
            to: RedisEndpoint(address: server.endpoint.address, database: 7), on: eventLoop)
        try await seventh.send("SET", "only", "here")
        let first = try await server.connect()
        #expect(try await first.send("GET", "only") == .null)
        try await first.send("SELECT", 7)
        #expect(try await first.send("GET", "only").string == "here")
        await #expect(throws: RedisErrorReply.self) {
            try await RedisConnection.connect(
                to: RedisEndpoint(address: server.endpoint.address, database: 9_999), on: eventLoop)
        }
    }

    @Test func failsWhatWaitsWhenItEnds() async throws {
        let server = try await RedisServer()
        let redis = try await server.connect()
        // On its loop: sent before the server dies, for sure.
        let waiting = try await redis.eventLoop.submit {
            redis.send(RedisCommand("BLPOP", "nothing", 0)) as EventLoopFuture<RESPValue>
        }.get()
        server.kill()
        let error = await #expect(throws: RedisError.self) { try await waiting.get() }
        guard case .lost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await redis.closed.get()
        await #expect(throws: RedisError.self) { try await redis.send("PING") }
    }

    @Test func givesUpASilentServer() async throws {
        let server = try await RedisServer()
        var options = RedisLinkOptions()
        options.replyDeadline = .milliseconds(200)
        let redis = try await RedisConnection.connect(to: server.endpoint, on: eventLoop, options: options)
        server.freeze()
        defer { server.thaw() }
        let replies = try await redis.eventLoop.submit {
            (0..<3).map { _ in redis.send(RedisCommand("PING")) as EventLoopFuture<RESPValue> }
        }.get()
        for reply in replies {
            await #expect(throws: RedisError.overdue(milliseconds: 200)) { try await reply.get() }
        }
        try await redis.closed.get()
    }

    @Test func distrustsWhoeverSpeaksUnasked() async throws {
        // A server that greets in its own way, as an SMTP or SSH server does.
        let stranger = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Greeter())
                }
            }
            .bind(host: "127.0.0.1", port: FreePort.next()).get()
        let port = try #require(stranger.localAddress?.port)
        // The greeting may come before the connection is handed over, or after it.
        do {
            let redis = try await RedisConnection.connect(
                to: RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port)), on: eventLoop)
            try await redis.closed.get()
        } catch RedisError.lost {}
        try await stranger.close()
    }

    @Test func saysWhyItCantConnect() async throws {
        await #expect(throws: (any Error).self) {
            try await RedisConnection.connect(
                to: RedisEndpoint(address: .unix(path: "/nonexistent/redis.sock")), on: eventLoop)
        }
    }
}
