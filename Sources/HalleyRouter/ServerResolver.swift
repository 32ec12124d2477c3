import HalleyCore
import NIOCore
import NIOPosix

/// Turns workers' addresses into numbers, for HAProxy resolves no names of servers added at run time.
enum ServerResolver {
    /// What can't be resolved is left out. Names are looked up in the thread pool, where waiting for DNS holds nobody up.
    static func endpoints(of servers: [WorkerID: ServerAddress]) async -> [WorkerID: ServerEndpoint] {
        var endpoints: [WorkerID: ServerEndpoint] = [:]
        for (worker, address) in servers {
            if let ip = address.canonicalIP {
                endpoints[worker] = ServerEndpoint(ip: ip, port: address.port)
            } else if let ip = await lookUp(address) {
                endpoints[worker] = ServerEndpoint(ip: ip, port: address.port)
            }
        }
        return endpoints
    }

    private static func lookUp(_ address: ServerAddress) async -> String? {
        try? await NIOThreadPool.singleton.runIfActive {
            try SocketAddress.makeAddressResolvingHost(address.host, port: address.port).ipAddress
        }
    }
}
