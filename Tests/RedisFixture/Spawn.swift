import Glibc

/// Starts a program, with nothing of this process's but its environment.
///
/// Not Foundation's `Process`, which runs a run loop to wait and so may block the few threads that all tests share. And with
/// every descriptor closed: NIO's sockets would live on in the child, and neither their ports nor their peers would ever
/// see them closed.
func spawn(_ arguments: [String]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    // Closing one that isn't open is no error (posix_spawn_file_actions_addclose(3)); a test run has far fewer.
    for descriptor in (STDERR_FILENO + 1)..<1_024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    // A test's thread may have signals blocked, and its children would be deaf to SIGTERM for life.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    var pid = pid_t()
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &strings, environ)
    guard code == 0 else { throw CannotStart(description: "\(arguments[0]): \(String(cString: strerror(code)))") }
    return pid
}

/// Whether a child has ended; it stays a zombie, to be reaped by `waitpid`.
func hasExited(_ pid: pid_t) -> Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
}

/// Ends a child, and waits until it has: milliseconds, for nothing survives SIGKILL.
func killAndReap(_ pid: pid_t) {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
}

/// Said when a program can't be started.
public struct CannotStart: Error, CustomStringConvertible {
    /// Which, and why.
    public let description: String
}
