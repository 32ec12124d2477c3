import Histogram
import NIOCore

/// The middle of a run: what is published, and how busy everything is meanwhile.
extension BenchRun {
    /// From the decision to publish to the first event, in nanoseconds: every thread has been told by then.
    private static let headStart: UInt64 = 50_000_000

    func publish(into report: inout BenchReport) async throws -> PublishedRecord {
        let start = NIODeadline.now().uptimeNanoseconds + Self.headStart
        let from = start + UInt64(settings.warmup * 1e9)
        let until = from + UInt64(settings.seconds * 1e9)
        var there = channels.map { _ in 0 }
        for crowd in crowds {
            for (channel, count) in try await crowd.ask({ $0.beginCounting(from..<until) }).enumerated() {
                there[channel] += count
            }
        }
        let fanOut = there
        report.connections.opened = fanOut.reduce(0, +)
        async let record = sender.run(from: start, fanOut: fanOut)
        let telling = Task { try await tellProgress() }
        defer { telling.cancel() }
        report.load = try await load(from: from, until: until)
        let end = min(NIODeadline.now().uptimeNanoseconds, until)
        if interruption.isSet {
            report.interrupted = true
            sender.stop()
        }
        report.measured = Double(max(end, from) - from) / 1e9
        var published = try await record
        published.seconds = Double(max(end, start) - start) / 1e9
        return published
    }

    private func load(from: UInt64, until: UInt64) async throws -> LoadReadings {
        try await interruption.cuttingShort { try await sleep(until: from) }
        var readings = LoadReadings()
        readings.machineCores = System.coreCount
        let began = NIODeadline.now().uptimeNanoseconds
        guard !interruption.isSet else { return readings }
        let process = ProcessTime.ofProcess()
        let machine = MachineTime.now()
        for watch in watches { try await watch.begin() }
        try await interruption.cuttingShort { try await sleep(until: until) }
        let seconds = Double(NIODeadline.now().uptimeNanoseconds - began) / 1e9
        readings.processCores = (ProcessTime.ofProcess() - process) / seconds
        if let machine, let now = MachineTime.now() { readings.machineBusy = now.share(since: machine) }
        var lags = Histogram<UInt64>(highestTrackableValue: 60_000_000)
        for (index, watch) in watches.enumerated() {
            let reading = try await watch.end()
            lags.add(reading.lags)
            if index == watches.count - 1 {
                readings.publisherLoop = reading.busy
            } else {
                readings.busiestLoop = max(readings.busiestLoop, reading.busy)
            }
        }
        if lags.totalCount > 0 { readings.loopLagP99 = Double(lags.valueAtPercentile(99)) / 1_000 }
        return readings
    }

    private func sleep(until time: UInt64) async throws {
        let left = Int64(clamping: time) - Int64(clamping: NIODeadline.now().uptimeNanoseconds)
        if left > 0 { try await Task.sleep(for: .nanoseconds(left)) }
    }

    private func tellProgress() async throws {
        var before = tally.delivered
        var last = ContinuousClock.now
        while true {
            try await Task.sleep(for: .seconds(1))
            let delivered = tally.delivered
            let counts = try await counts()
            let latencies = try await latencies()
            let p99 = latencies.totalCount > 0 ? milliseconds(Double(latencies.valueAtPercentile(99)) / 1_000) : "-"
            bench.progress(
                "\(grouped(counts.open)) open, \(grouped(try await sender.published())) published, "
                    + "\(grouped(Int(Double(delivered - before) / seconds(since: last)))) delivered a second, p99 \(p99), "
                    + "\(grouped(counts.reconnects)) reconnects")
            before = delivered
            last = .now
        }
    }
}
