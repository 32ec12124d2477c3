import FoundationEssentials
import FreePort
import Glibc
import HalleyRedis
import NIOCore
import NIOPosix
import Synchronization

/// A Redis of a test's own, in a folder of its own, on a Unix socket and a free port. Killed and swept away when the test
/// lets go of it.
public final class RedisServer: Sendable {
    /// The server on its Unix socket.
    public let endpoint: RedisEndpoint
    /// The server on its TCP port.
    public let tcpEndpoint: RedisEndpoint

    private let folder: String
    private let arguments: [String]
    private let process: Mutex<pid_t?>

    /// Starts a server and waits until it answers.
    /// - Parameter arguments: more of redis-server's, such as `--requirepass`.
    public init(_ arguments: String...) async throws {
        // Short, for a socket's path has 107 bytes at most (unix(7)).
        folder = "/tmp/halley-redis-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        endpoint = RedisEndpoint(address: .unix(path: "\(folder)/redis.sock"))
        let port = FreePort.next()
        self.arguments =
            [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", "\(folder)/redis.sock",
                "--dir", folder, "--save", "", "--appendonly", "no", "--logfile", "\(folder)/log",
                "--maxmemory-policy", "noeviction",
            ] + arguments
        tcpEndpoint = RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port))
        process = Mutex(try await Self.launch(self.arguments, in: folder, endpoint))
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts the server again after ``kill()``, and waits until it answers.
    public func start() async throws {
        let pid = try await Self.launch(arguments, in: folder, endpoint)
        process.withLock { $0 = pid }
    }

    private static func launch(
        _ arguments: [String], in folder: String, _ endpoint: RedisEndpoint
    ) async throws -> pid_t {
        let pid = try spawn(arguments)
        do {
            try await eventually(within: .seconds(10)) {
                guard !hasExited(pid) else {
                    let log = try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)
                    throw CannotStart(description: log ?? "redis-server ended without a word")
                }
                return await answers(endpoint)
            }
            return pid
        } catch {
            killAndReap(pid)
            throw error
        }
    }

    private static func answers(_ endpoint: RedisEndpoint) async -> Bool {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        guard let connection = try? await RedisConnection.connect(to: endpoint, on: eventLoop) else { return false }
        defer { connection.close() }
        do {
            return try await connection.send("PING").string == "PONG"
        } catch {
            // A server that wants a password is one that answers.
            return (error as? RedisErrorReply)?.code == "NOAUTH"
        }
    }

    /// Kills the server as a crash would.
    public func kill() {
        process.withLock { process in
            if let pid = process { killAndReap(pid) }
            process = nil
        }
    }

    /// Stops the server in its tracks: it takes connections and answers nothing.
    public func freeze() { signal(SIGSTOP) }

    /// Ends ``freeze()``.
    public func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        process.withLock { process in
            if let pid = process { _ = Glibc.kill(pid, number) }
        }
    }

    /// An event loop for the test's connections.
    public var eventLoop: any EventLoop { MultiThreadedEventLoopGroup.singleton.any() }

    /// A connection to look with and to disturb with. Closed by the caller, or with the server.
    public func connect() async throws -> RedisConnection {
        try await RedisConnection.connect(to: endpoint, on: eventLoop)
    }
}
