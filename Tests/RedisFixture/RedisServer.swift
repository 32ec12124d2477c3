import Foundation
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
    private let process = Mutex<Process?>(nil)

    /// Starts a server and waits until it answers.
    /// - Parameter arguments: more of redis-server's, such as `--requirepass`.
    public init(_ arguments: String...) async throws {
        // Short, for a socket's path has 107 bytes at most (unix(7)).
        folder = "/tmp/halley-redis-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let port = try await Self.freePort()
        endpoint = RedisEndpoint(address: .unix(path: "\(folder)/redis.sock"))
        tcpEndpoint = RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port))
        self.arguments =
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", "\(folder)/redis.sock", "--dir", folder,
                "--save", "", "--appendonly", "no", "--logfile", "\(folder)/log", "--maxmemory-policy", "noeviction",
            ] + arguments
        try await start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts the server again after ``kill()``, and waits until it answers.
    public func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["redis-server"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process.withLock { $0 = process }
        try await eventually(within: .seconds(10)) {
            guard let connection = try? await RedisConnection.connect(to: self.endpoint, on: self.eventLoop) else {
                return false
            }
            defer { connection.close() }
            do {
                return try await connection.send("PING").string == "PONG"
            } catch let reply as RedisErrorReply {
                // A server that wants a password is one that answers.
                return reply.code == "NOAUTH"
            }
        }
    }

    /// Kills the server as a crash would.
    public func kill() { signal(SIGKILL, andWait: true) }

    /// Stops the server in its tracks: it takes connections and answers nothing.
    public func freeze() { signal(SIGSTOP, andWait: false) }

    /// Ends ``freeze()``.
    public func thaw() { signal(SIGCONT, andWait: false) }

    private func signal(_ number: Int32, andWait: Bool) {
        process.withLock { process in
            guard let running = process, running.isRunning else { return }
            _ = Glibc.kill(running.processIdentifier, number)
            if andWait {
                running.waitUntilExit()
                process = nil
            }
        }
    }

    /// An event loop for the test's connections.
    public var eventLoop: any EventLoop { MultiThreadedEventLoopGroup.singleton.any() }

    /// A connection to look with and to disturb with. Closed by the caller, or with the server.
    public func connect() async throws -> RedisConnection {
        try await RedisConnection.connect(to: endpoint, on: eventLoop)
    }

    private static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close()
        return port ?? 0
    }
}

/// Said when what a test waits for doesn't come.
public struct NeverHappened: Error, CustomStringConvertible {
    /// After how long the test gave up.
    public let description: String
}

/// Waits until the condition holds.
/// - Throws: ``NeverHappened`` when it doesn't within the time.
public func eventually(
    within patience: Duration = .seconds(5), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + patience
    while try await !condition() {
        guard clock.now < deadline else { throw NeverHappened(description: "not within \(patience)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
