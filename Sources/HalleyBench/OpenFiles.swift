import Glibc

/// How many files, and so connections, this process may open.
package enum OpenFiles {
    /// Files that are no held connections: Redis, sessions, standard streams, event loops.
    package static let reserve = 100

    /// Raises the soft limit to the hard one (`setrlimit(2)`).
    ///
    /// - Returns: the limit before, and the one in force.
    package static func raise() -> (before: Int, now: Int) {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return (1_024, 1_024) }
        let before = number(limit.rlim_cur)
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(resource, &raised) == 0 { limit = raised }
        return (before, number(limit.rlim_cur))
    }

    private static func number(_ limit: rlim_t) -> Int { limit > rlim_t(Int32.max) ? Int(Int32.max) : Int(limit) }

    /// - Throws: one line that says what to do, when so many connections can't be held.
    package static func check(_ connections: Int, files: Int) throws(BenchError) {
        let room = max(0, files - reserve)
        guard connections <= room else {
            throw BenchError(
                "\(connections) connections need \(connections + reserve) open files, and this process may have \(files); "
                    + "raise the hard limit (ulimit -Hn), or run several processes of at most \(room) connections each")
        }
    }

    /// - Throws: one line that says what to do, when one address of this machine can't make so many connections.
    package static func checkPorts(_ connections: Int, sources: Int) throws(BenchError) {
        guard let text = SmallFile.read("/proc/sys/net/ipv4/ip_local_port_range") else { return }
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard bounds.count == 2, bounds[1] >= bounds[0] else { return }
        let room = (bounds[1] - bounds[0] + 1) * max(1, sources)
        guard connections <= room else {
            throw BenchError(
                "\(connections) connections need as many ports, and \(max(1, sources)) address(es) of this machine have \(room); "
                    + "give more addresses: --sources 127.0.0.2,127.0.0.3")
        }
    }
}

/// Files of `/proc`.
enum SmallFile {
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
