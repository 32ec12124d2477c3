import Foundation
import HalleyRedis
import Logging
import NIOCore
import NIOPosix

/// A real redis-server of the test's own, on a Unix socket in a folder of its own; gone with the last reference.
final class RedisServer {
    let endpoint: RedisEndpoint
    private let folder: URL
    private let process = Process()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "halley-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let socket = folder.appending(path: "redis").path
        endpoint = RedisEndpoint(address: .unix(path: socket))
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder.path, "--save", "", "--daemonize",
            "no",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// A link that is up.
    func link() async throws -> RedisCommandLink {
        let link = RedisCommandLink(
            to: endpoint, on: MultiThreadedEventLoopGroup.singleton.next(), logger: silent)
        link.start()
        try await link.ready()
        return link
    }
}

/// Runs a body against a fresh Redis, and closes the link behind it.
func withRedis(_ body: (RedisCommandLink) async throws -> Void) async throws {
    let server = try RedisServer()
    let link = try await server.link()
    do {
        try await body(link)
    } catch {
        link.close()
        throw error
    }
    link.close()
    withExtendedLifetime(server) {}
}

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
