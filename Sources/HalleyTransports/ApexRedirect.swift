import HalleyCore

/// Where a client with an expired ticket is sent: to the apex, which renews it.
package enum ApexRedirect {
    /// The request's own URL on the host without the shard's label, with no scheme so that the client keeps its own
    /// (RFC 3986, section 4.2). `nil` when the host has no shard's label before it, or holds what no host holds.
    package static func location(of request: HTTPRequest) -> String? {
        guard let host = request.field("host")?.lowercased(), let dot = host.firstIndex(of: "."),
            ShardLabel(host[..<dot]) != nil
        else { return nil }
        let apex = host[host.index(after: dot)...]
        guard !apex.isEmpty, apex.utf8.allSatisfy({ isHostCharacter($0) }) else { return nil }
        return "//\(apex)\(request.path)?\(request.query)"
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
