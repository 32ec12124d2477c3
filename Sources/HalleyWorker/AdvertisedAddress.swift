import HalleyCluster
import HalleyCore
import NIOCore

/// Which address the router is told.
package enum AdvertisedAddress {
    /// The one configured; else the one listened on; else, where that is all addresses (`0.0.0.0`, `::`), this machine's
    /// first IPv4 address that isn't loopback: in a container, the container's own.
    ///
    /// - Returns: `nil` when there is none.
    package static func choose(configured: HostAndPort?, listening: HostAndPort) throws -> WorkerAddress? {
        if let configured {
            return WorkerAddress(host: configured.host, port: configured.port == 0 ? listening.port : configured.port)
        }
        guard ["0.0.0.0", "::"].contains(listening.host) else {
            return WorkerAddress(host: listening.host, port: listening.port)
        }
        for device in try System.enumerateDevices() {
            guard case .v4? = device.address, let text = device.address?.ipAddress, !text.hasPrefix("127.") else {
                continue
            }
            return WorkerAddress(host: text, port: listening.port)
        }
        return nil
    }
}
