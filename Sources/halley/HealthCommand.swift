import ArgumentParser
import Glibc
import HalleyCore

/// `halley health`: for containers, whose image has no HTTP client.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Asks a URL and succeeds if the answer is 200.")

    @Argument(help: "http://host:port/path", transform: { try HealthURL($0) })
    var url: HealthURL

    func run() throws {
        let answer = try url.get()
        guard answer.hasPrefix("HTTP/1.1 200 ") else {
            throw ValidationError("\(url) answered \(answer.prefix { $0 != "\r\n" && $0 != "\n" })")
        }
    }
}

/// A plain URL of a process nearby.
struct HealthURL: CustomStringConvertible {
    let address: HostAndPort
    let path: String
    let description: String

    /// How long an answer may take: less than the interval at which containers are asked.
    private static let patience = timeval(tv_sec: 2, tv_usec: 0)

    init(_ text: String) throws {
        let rest = text.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard text.hasPrefix("http://"), let address = HostAndPort(rest[..<slash]) else {
            throw ValidationError("expected http://host:port/path")
        }
        self.address = address
        path = slash == rest.endIndex ? "/" : String(rest[slash...])
        description = text
    }

    /// - Returns: the first bytes of the answer, its status line among them.
    func get() throws -> String {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0, let first = found else {
            throw ValidationError("\(address.host) has no address")
        }
        defer { freeaddrinfo(first) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        defer { close(descriptor) }
        var patience = Self.patience
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            throw ValidationError("nobody listens at \(address)")
        }
        StandardStream(descriptor: descriptor).write(
            "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n")
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { throw ValidationError("\(self) doesn't answer") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
