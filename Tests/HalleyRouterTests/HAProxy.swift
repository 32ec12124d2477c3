import Foundation
import FreePort
import HalleyRouter
import Logging
import NIOCore
import NIOPosix
import Testing

/// A real HAProxy with the repository's configuration, on free ports, in a folder of its own. Ends with the test.
final class HAProxy {
    let folder: URL
    let port: Int
    private var process: Process?

    var runtime: RouterAddress { .unix(path: folder.appendingPathComponent("haproxy.sock").path) }

    static let configuration = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docker/haproxy/haproxy.cfg")

    init() async throws {
        // Short, for a socket's path has 107 bytes at most (unix(7)).
        folder = URL(fileURLWithPath: "/tmp/halley-router-\(UInt32.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        port = FreePort.next()
        try await start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["haproxy", "-db", "-f", Self.configuration.path]
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HALLEY_") }
        environment["PATH"] = (environment["PATH"] ?? "/usr/bin") + ":/usr/sbin:/usr/local/sbin"
        environment["HALLEY_BIND"] = "127.0.0.1:\(port)"
        environment["HALLEY_RUNTIME"] = "unix@\(folder.path)/haproxy.sock"
        environment["HALLEY_MAXCONN"] = "200"
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually { (try? await self.body(of: "/health/router")) != nil }
    }

    func stop() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What `GET` answers for a host, `nil` unless the status is 200.
    func body(of path: String, host: String = "push.localhost") async throws -> String? {
        let answer = try await exchange(
            port: port, "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        guard answer.hasPrefix("HTTP/1.1 200"), let end = answer.range(of: "\r\n\r\n") else { return nil }
        return String(answer[end.upperBound...])
    }

    func router() -> HAProxyRouter {
        HAProxyRouter(
            address: runtime, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

/// An HTTP server that answers everything, its health check too, with its name.
final class StubWorker: Sendable {
    let port: Int
    private let channel: any Channel

    init(_ name: String) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture { try child.pipeline.syncOperations.addHandler(Answer(name: name)) }
            }
            .bind(host: "127.0.0.1", port: FreePort.next()).get()
        port = try #require(channel.localAddress?.port)
    }

    func stop() async throws { try await channel.close() }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let name: String

        init(name: String) { self.name = name }

        /// One read is one request here: the requests of these tests are small.
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = "HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}

/// Polls until the condition holds.
func eventually(within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "not within \(limit)")
        try await Task.sleep(for: .milliseconds(10))
    }
}

private func exchange(port: Int, _ request: String) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: request))
        var answer = ""
        for try await part in inbound { answer += String(buffer: part) }
        return answer
    }
}
