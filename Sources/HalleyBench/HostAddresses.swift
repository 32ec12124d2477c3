import Glibc
import HalleyClient
import HalleyCore
import NIOCore
import NIOPosix

/// Where names lead, by the system's resolver; asked once for each name.
///
/// Names under `localhost` are this machine without asking, as browsers and curl have it.
final class HostAddresses: Sendable {
    private let threads: NIOThreadPool
    private let eventLoop: any EventLoop
    private let known: NIOLoopBoundBox<[HostAndPort: EventLoopFuture<[SocketAddress]>]>

    /// - Parameter eventLoop: where it is asked.
    init(on eventLoop: any EventLoop, threads: NIOThreadPool) {
        self.eventLoop = eventLoop
        self.threads = threads
        known = .makeBoxSendingValue([:], eventLoop: eventLoop)
    }

    func addresses(of url: ServerURL) -> EventLoopFuture<[SocketAddress]> {
        let place = url.address
        if let known = known.value[place] { return known }
        let isThisMachine = url.isThisMachine
        let found = threads.runIfActive(eventLoop: eventLoop) {
            isThisMachine ? try Self.thisMachine(place.port) : try Self.resolve(place)
        }
        known.value[place] = found
        return found
    }

    private static func thisMachine(_ port: Int) throws -> [SocketAddress] {
        try ["127.0.0.1", "::1"].map { try SocketAddress(ipAddress: $0, port: port) }
    }

    private static func resolve(_ place: HostAndPort) throws -> [SocketAddress] {
        let host = place.host
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(place.port)", &hints, &found)
        guard result == 0 else {
            throw BenchError("\(host) has no address: \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(found) }
        var addresses: [SocketAddress] = []
        var entry = found
        while let information = entry?.pointee {
            switch information.ai_family {
            case AF_INET:
                information.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    addresses.append(SocketAddress($0.pointee))
                }
            case AF_INET6:
                information.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    addresses.append(SocketAddress($0.pointee))
                }
            default: break
            }
            entry = information.ai_next
        }
        return addresses
    }
}
