import Histogram

/// The end of a run: what arrived, and what did not.
extension BenchRun {
    /// How long nothing may arrive until what is missing counts as lost, with all connections open; else thrice that.
    private static let silence = Duration.seconds(5)

    /// Waits for what is still on its way.
    func drain(_ record: PublishedRecord) async throws {
        var last = ContinuousClock.now
        var before = -1
        while true {
            let sums = try await sums(record)
            let counts = try await counts()
            if sums.received != before { last = .now }
            before = sums.received
            if sums.lost == 0 { break }
            let isWhole = counts.open == settings.connections || settings.transport.isPolled
            if ContinuousClock.now - last > (isWhole ? Self.silence : Self.silence * 3) { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        // What comes twice comes soon after.
        try await Task.sleep(for: .milliseconds(250))
    }

    func conclude(_ record: PublishedRecord, _ report: inout BenchReport) async throws {
        let counts = try await counts()
        let sums = try await sums(record)
        let latencies = try await latencies()
        report.connections.open = counts.open
        report.connections.reconnects = counts.reconnects
        report.connections.failed = counts.failed
        report.connections.unanswered = counts.unanswered
        report.connections.malformed = counts.malformed
        for (status, count) in counts.refusals { report.connections.refusals["\(status)"] = count }
        report.published = BenchReport.Published(
            events: record.events.reduce(0, +), acknowledged: record.acknowledged,
            failed: record.failed.reduce(0) { $0 + $1.count }, perSecond: 0, stalls: record.stalls)
        report.published.perSecond = rate(report.published.events, in: record.seconds)
        report.deliveries = BenchReport.Deliveries(
            expected: sums.expected, received: sums.received, lost: sums.lost, doubled: sums.doubled,
            reordered: sums.reordered, gaps: counts.gaps, foreign: counts.foreign,
            perSecond: rate(Int(latencies.totalCount), in: report.measured))
        var isOpenLoop = true
        if case .saturate = settings.pace { isOpenLoop = false }
        report.latency = BenchReport.Latency(latencies, isOpenLoop: isOpenLoop)
        if isOpenLoop, record.lateness.totalCount > 0 {
            report.load.publisherLateP99 = Double(record.lateness.valueAtPercentile(99)) / 1_000
        }
        report.limits = BenchLimit.found(in: report.load).map(\.description)
        report.trouble = troubles(counts, record)
        report.passed = report.isClean
    }

    private func rate(_ count: Int, in seconds: Double) -> Double { seconds > 0 ? Double(count) / seconds : 0 }

    private func troubles(_ counts: CrowdCounts, _ record: PublishedRecord) -> [String] {
        var troubles: [String] = []
        if let trouble = counts.firstTrouble {
            troubles.append("first of \(counts.malformed + counts.failed): \(trouble)")
        }
        if counts.unanswered > 0 {
            troubles.append(
                "\(grouped(counts.unanswered)) connections were closed without an answer: the router's bounds may be reached, "
                    + "HALLEY_MAX_PER_ADDRESS and HALLEY_MAXCONN; --sources spreads connections over addresses")
        }
        for (status, count) in counts.refusals.sorted(by: { $0.key < $1.key }) {
            troubles.append(
                status < 1_000
                    ? "\(grouped(count)) requests were answered \(status)"
                    : "\(grouped(count)) WebSockets were closed with \(status)")
        }
        if let trouble = record.firstTrouble { troubles.append("Redis: \(trouble)") }
        return troubles
    }

    func counts() async throws -> CrowdCounts {
        var counts = CrowdCounts()
        for crowd in crowds { counts.add(try await crowd.ask { $0.counts }) }
        return counts
    }

    func latencies() async throws -> Histogram<UInt64> {
        var all = Histogram<UInt64>(highestTrackableValue: 60_000_000)
        all.autoResize = true
        for crowd in crowds { all.add(try await crowd.ask { $0.latencies }) }
        return all
    }

    private func sums(_ record: PublishedRecord) async throws -> DeliverySums {
        var sums = DeliverySums()
        for crowd in crowds {
            sums.add(try await crowd.ask { $0.sums(published: record.events, excused: record.failed) })
        }
        return sums
    }
}
