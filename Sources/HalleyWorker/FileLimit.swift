import Glibc

/// How many files, and so connections, this process may have open.
public enum FileLimit {
    /// Raises the soft limit to the hard one (`setrlimit(2)`): a push server's work is to hold connections, and the soft
    /// default of 1,024 is for programs that use `select`.
    ///
    /// - Returns: the limit in force.
    public static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        return limit.rlim_cur > rlim_t(Int32.max) ? Int(Int32.max) : Int(limit.rlim_cur)
    }

    /// Files that aren't held requests: Redis, the listener, standard streams, and clients who are told to come back.
    public static let reserve = 1_000
}
