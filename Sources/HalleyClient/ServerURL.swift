import HalleyCore

/// A URL as far as a client of Halley's needs one: `https://s17-c.push.example.com/events?channel=news`.
package struct ServerURL: Sendable, Hashable, CustomStringConvertible {
    /// `https`.
    package let isSecure: Bool
    package let address: HostAndPort
    /// As in the `Host` field: with a port only where the URL has one.
    package let authority: String
    /// Begins with a slash.
    package let path: String
    /// Its items as they stand there.
    private let items: [String]

    /// Where `cluster/up` puts a cluster's apex.
    package static let standard = ServerURL(
        isSecure: false, address: HostAndPort(host: "push.localhost", port: 8_080), authority: "push.localhost:8080",
        path: "/", items: [])

    private init(isSecure: Bool, address: HostAndPort, authority: String, path: String, items: [String]) {
        self.isSecure = isSecure
        self.address = address
        self.authority = authority
        self.path = path
        self.items = items
    }

    /// - Returns: `nil` for anything but an `http://` or `https://` URL of printable ASCII without user and fragment.
    package init?(_ text: some StringProtocol) {
        guard
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "\\") }),
            let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://")
        else { return nil }
        switch text[..<colon].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: return nil
        }
        let rest = text[colon...].dropFirst(3)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = String(rest[..<end])
        guard let address = HostAndPort(authority) ?? HostAndPort("\(authority):\(isSecure ? 443 : 80)"),
            address.port > 0
        else { return nil }
        self.address = address
        self.authority = authority
        let target = rest[end...]
        let question = target.firstIndex(of: "?") ?? target.endIndex
        let path = String(target[..<question])
        self.path = path.isEmpty ? "/" : path
        let query: Substring = String(target[question...]).dropFirst()
        items = query.split(separator: "&").map(String.init)
    }

    /// Path and query.
    package var target: String { items.isEmpty ? path : "\(path)?\(items.joined(separator: "&"))" }

    package var description: String { "\(root)\(target == "/" ? "" : target)" }

    /// Whether the system's resolver needn't be asked: names under `localhost` are this machine (RFC 6761, section 6.3).
    package var isThisMachine: Bool {
        let host = address.host.lowercased()
        return host == "localhost" || host.hasSuffix(".localhost")
    }

    /// The name that a certificate is asked for and checked against; `nil` for an address.
    package var serverName: String? {
        let host = address.host
        return host.contains(":") || host.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
            ? nil : host
    }

    /// Without what tells who the client is and where it stands: for people and logs.
    package var withoutQuery: String { "\(root)\(path == "/" ? "" : path)" }

    private var root: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// Whether what is secret may go there too.
    package func isSameSite(as other: ServerURL) -> Bool {
        address == other.address && isSecure == other.isSecure
    }

    /// The resource of that name below this one, with the same query.
    package func below(_ name: String) -> ServerURL {
        ServerURL(
            isSecure: isSecure, address: address, authority: authority,
            path: path.hasSuffix("/") ? path + name : "\(path)/\(name)", items: items)
    }

    /// The same with these items in place of those of their names; `nil` takes one away.
    package func with(_ replacements: [(name: String, value: String?)]) -> ServerURL {
        var items = items.filter { item in
            let name = item.prefix { $0 != "=" }
            return !replacements.contains { $0.name == name }
        }
        for (name, value) in replacements {
            if let value { items.append("\(name)=\(PercentEncoding.encode(value))") }
        }
        return ServerURL(isSecure: isSecure, address: address, authority: authority, path: path, items: items)
    }

    /// The same with one more item for each value.
    package func adding(_ name: String, _ values: [String]) -> ServerURL {
        ServerURL(
            isSecure: isSecure, address: address, authority: authority, path: path,
            items: items + values.map { "\(name)=\(PercentEncoding.encode($0))" })
    }

    /// Where a `Location` leads from here (RFC 3986, section 4.2): absolute, `//host/path` or `/path`.
    package func following(_ location: String) -> ServerURL? {
        if location.hasPrefix("//") { return ServerURL("\(isSecure ? "https" : "http"):\(location)") }
        if location.hasPrefix("/") { return ServerURL("\(root)\(location)") }
        return ServerURL(location)
    }
}
