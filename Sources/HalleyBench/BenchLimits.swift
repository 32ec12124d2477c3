/// What the bench and its machine were busy with while it measured.
package struct LoadReadings: Sendable, Equatable, Encodable {
    /// CPU time of this process a second of time: 1 is one core.
    package var processCores = 0.0
    /// The same of its busiest thread that holds connections, 1 at most.
    package var busiestLoop = 0.0
    /// The same of the thread that publishes.
    package var publisherLoop = 0.0
    /// How late timers of those threads were, 99 of 100, in milliseconds.
    package var loopLagP99 = 0.0
    /// How much later than due events were sent, 99 of 100, in milliseconds; 0 in a closed loop.
    package var publisherLateP99 = 0.0
    /// How much of all cores' time was used, by whomever: 0 to 1.
    package var machineBusy = 0.0
    package var machineCores = 1

    package init() {}
}

/// Why figures may say more of the bench, or of its machine, than of the cluster.
package enum BenchLimit: Sendable, Equatable, CustomStringConvertible {
    case loop(Double)
    case publisher(Double)
    case late(milliseconds: Double)
    case lag(milliseconds: Double)
    case machine(busy: Double, cores: Int)

    /// Of one core: what waits before a thread that is busier waits longer than it works.
    package static let busyThread = 0.85
    /// In milliseconds: as much as a cluster on a local network takes for everything.
    package static let longWait = 5.0
    /// Of all cores.
    package static let busyMachine = 0.95

    package static func found(in readings: LoadReadings) -> [BenchLimit] {
        var limits: [BenchLimit] = []
        if readings.busiestLoop >= busyThread { limits.append(.loop(readings.busiestLoop)) }
        if readings.publisherLoop >= busyThread { limits.append(.publisher(readings.publisherLoop)) }
        if readings.publisherLateP99 >= longWait { limits.append(.late(milliseconds: readings.publisherLateP99)) }
        if readings.loopLagP99 >= longWait { limits.append(.lag(milliseconds: readings.loopLagP99)) }
        if readings.machineBusy >= busyMachine {
            limits.append(.machine(busy: readings.machineBusy, cores: readings.machineCores))
        }
        return limits
    }

    package var description: String {
        switch self {
        case .loop(let share):
            "a thread of the bench that holds connections was busy \(percent(share)): the bench is a limit; "
                + "give it --threads, or share the connections among several processes"
        case .publisher(let share):
            "the thread that publishes was busy \(percent(share)): the bench is a limit; publish less, or from several processes"
        case .late(let wait):
            "events were sent up to \(milliseconds(wait)) late (p99): latencies, which count from when they were due, include that"
        case .lag(let wait):
            "the bench's own timers came up to \(milliseconds(wait)) late (p99): latencies include that; "
                + "this machine or this process has too much to do"
        case .machine(let busy, let cores):
            "all \(cores) cores of this machine were busy (\(percent(busy))): with the cluster on it, the machine is the limit"
        }
    }
}

func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

func milliseconds(_ value: Double) -> String { "\(decimal(value, places: value < 10 ? 2 : 0)) ms" }

/// Without Foundation, which has formatters and megabytes.
func decimal(_ value: Double, places: Int) -> String {
    guard places > 0 else { return "\(Int(value.rounded()))" }
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let fraction = "\(scaled % scale)"
    return (value < 0 ? "-" : "")
        + "\(scaled / scale).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
}
