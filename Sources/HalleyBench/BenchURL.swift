import HalleyCore

/// A plain URL as far as the bench needs one: `http://s17-c.push.localhost:8080/events?channel=news`.
package struct BenchURL: Sendable, Hashable, CustomStringConvertible {
    package let address: HostAndPort
    /// As in the `Host` field: with a port only where the URL has one.
    package let authority: String
    /// Path and query; at least `/`.
    package let target: String

    /// Where `cluster/up` puts a cluster's apex.
    package static let standard = BenchURL(host: "push.localhost", port: 8_080)

    private init(host: String, port: Int) {
        address = HostAndPort(host: host, port: port)
        authority = "\(host):\(port)"
        target = "/"
    }

    /// - Returns: `nil` for anything but an `http://` URL of printable ASCII without user and fragment.
    package init?(_ text: some StringProtocol) {
        let scheme = "http://"
        guard text.lowercased().hasPrefix(scheme), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#")
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = String(rest[..<end])
        guard let address = HostAndPort(authority) ?? HostAndPort("\(authority):80"), address.port > 0 else {
            return nil
        }
        self.address = address
        self.authority = authority
        let target = String(rest[end...])
        self.target = target.hasPrefix("/") ? target : "/" + target
    }

    package var description: String { "http://\(authority)\(target == "/" ? "" : target)" }

    /// The target with one more item in its query.
    func target(adding name: String, _ value: String) -> String {
        "\(target)\(target.contains("?") ? "&" : "?")\(name)=\(value)"
    }
}
