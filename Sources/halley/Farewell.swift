import Glibc
import NIOPosix
import UnixSignals

/// How `halley subscribe` ends when it is asked to, or when nobody reads any more: with 0, and its position kept.
enum Farewell {
    /// Watches for Ctrl-C and SIGTERM, and for a reader of standard output who has left: `halley subscribe news | head -1`
    /// ends with its first event, not with its second.
    static func begin(_ kept: KeptPosition?) {
        Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { end(kept) }
        }
        // Holds a thread of its own for as long as the process runs.
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in
            if isDeserted(STDOUT_FILENO) { end(kept) }
        }
    }

    static func end(_ kept: KeptPosition?) -> Never {
        kept?.save()
        exit(0)
    }

    /// Waits until a pipe's or a socket's reader has left; comes back at once for what has none.
    private static func isDeserted(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: 0, revents: 0)
        while poll(&watched, 1, -1) < 0 {
            guard errno == EINTR else { return false }
        }
        return watched.revents & Int16(POLLERR) != 0
    }
}
