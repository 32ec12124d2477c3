import Glibc
import Histogram
import NIOCore

/// How busy one event loop's thread is, and how late its timers come.
final class LoopWatch: Sendable {
    /// Often enough for a thousand readings in 10 s, and 1 % of nothing.
    private static let interval = TimeAmount.milliseconds(10)

    private struct State {
        var lags = Histogram<UInt64>(highestTrackableValue: 60_000_000)
        var cpu = 0.0
        var since = NIODeadline.now()
    }

    /// What came of it.
    struct Reading: Sendable {
        /// Share of one core.
        let busy: Double
        /// Microseconds.
        let lags: Histogram<UInt64>
    }

    private let state: NIOLoopBoundBox<State>
    let eventLoop: any EventLoop

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        state = .makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    func begin() async throws {
        try await eventLoop.submit {
            self.state.value.cpu = ProcessTime.ofThread()
            self.state.value.since = .now()
            self.next(at: .now() + Self.interval)
        }.get()
    }

    private func next(at due: NIODeadline) {
        eventLoop.scheduleTask(deadline: due) {
            let now = NIODeadline.now()
            self.state.value.lags.record(UInt64(max(0, (now - due).nanoseconds / 1_000)))
            guard self.state.value.cpu >= 0 else { return }
            self.next(at: now + Self.interval)
        }
    }

    func end() async throws -> Reading {
        try await eventLoop.submit {
            let state = self.state.value
            let elapsed = Double((NIODeadline.now() - state.since).nanoseconds) / 1e9
            let busy = (ProcessTime.ofThread() - state.cpu) / max(0.001, elapsed)
            self.state.value.cpu = -1
            return Reading(busy: min(1, busy), lags: state.lags)
        }.get()
    }
}

/// CPU time used, in seconds (`getrusage(2)`).
enum ProcessTime {
    /// `RUSAGE_THREAD`, which Glibc's module leaves out.
    private static let thread: Int32 = 1

    static func ofProcess() -> Double { seconds(RUSAGE_SELF.rawValue) }
    static func ofThread() -> Double { seconds(thread) }

    private static func seconds(_ whose: Int32) -> Double {
        var usage = rusage()
        guard getrusage(whose, &usage) == 0 else { return 0 }
        let parts = [usage.ru_utime, usage.ru_stime]
        return parts.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}

/// What all cores of this machine did since it started (`proc(5)`), in ticks.
struct MachineTime {
    private let busy: Double
    private let all: Double

    static func now() -> MachineTime? {
        guard let line = SmallFile.read("/proc/stat")?.split(separator: "\n").first else { return nil }
        // user nice system idle iowait irq softirq steal; guests' time is in user's already.
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count == 8 else { return nil }
        let all = ticks.reduce(0, +)
        return MachineTime(busy: all - ticks[3] - ticks[4], all: all)
    }

    private init(busy: Double, all: Double) {
        self.busy = busy
        self.all = all
    }

    /// 0 to 1.
    func share(since earlier: MachineTime) -> Double {
        all > earlier.all ? (busy - earlier.busy) / (all - earlier.all) : 0
    }
}
