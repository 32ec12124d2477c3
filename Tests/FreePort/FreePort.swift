import Glibc
import Synchronization

/// Ports for the servers of tests.
public enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port that nobody listens on. Given once: who still looks for the server of a test that is over, as a router's checks
    /// and clients that come back do, doesn't find another's. And below the ephemeral range (ip_local_port_range, ip(7)):
    /// from there a client's connection could take it before its server has started.
    public static func next() -> Int {
        given.withLock { given in
            while true {
                let port = UInt16.random(in: 20_000..<32_000)
                if isFree(port), given.insert(port).inserted { return Int(port) }
            }
        }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let probe = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        precondition(probe >= 0, "no socket for a look at a port: \(String(cString: strerror(errno)))")
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
