/// The report for people.
extension BenchReport {
    package var text: String {
        var lines = [
            "\(grouped(connections.opened)) of \(grouped(settings.connections)) \(settings.transport) connections opened in "
                + "\(decimal(connections.openedIn, places: 1)) s, \(grouped(connections.open)) open at the end, "
                + "\(grouped(connections.reconnects)) reconnects",
            "published   \(grouped(published.events)) \(settings.publish) events of \(settings.payload) bytes, "
                + "\(decimal(published.perSecond, places: 1)) a second"
                + (published.failed > 0 ? "; \(grouped(published.failed)) not acknowledged" : ""),
            "delivered   \(grouped(deliveries.received)) of \(grouped(deliveries.expected)), "
                + "\(grouped(Int(deliveries.perSecond))) a second",
            "            lost \(grouped(deliveries.lost)), doubled \(grouped(deliveries.doubled)), "
                + "reordered \(grouped(deliveries.reordered)), gaps told \(grouped(deliveries.gaps))",
        ]
        if let latency {
            lines.append(
                "latency     p50 \(milliseconds(latency.p50)), p90 \(milliseconds(latency.p90)), "
                    + "p99 \(milliseconds(latency.p99)), p99.9 \(milliseconds(latency.p999)), max \(milliseconds(latency.max))"
            )
            lines.append("            of \(grouped(Int(latency.count))) deliveries, from \(latency.from)")
        }
        lines.append(
            "bench       \(decimal(load.processCores, places: 2)) cores, busiest thread \(percent(load.busiestLoop)), "
                + "timers late \(milliseconds(load.loopLagP99)) (p99); machine \(percent(load.machineBusy)) "
                + "of \(load.machineCores) cores")
        if interrupted {
            lines.append(
                "interrupted after \(decimal(measured, places: 1)) s of the \(decimal(settings.seconds, places: 1)) s to be measured"
            )
        }
        lines += limits.map { "limit       \($0)" }
        lines += trouble.map { "trouble     \($0)" }
        lines.append(passed ? "Nothing lost, doubled or reordered." : "FAILED: \(failures.joined(separator: ", ")).")
        return lines.joined(separator: "\n") + "\n"
    }

    private var failures: [String] {
        let counts = [
            (deliveries.lost, "lost"), (deliveries.doubled, "doubled"), (deliveries.reordered, "reordered"),
            (deliveries.gaps, "gaps told"), (deliveries.foreign, "events that nobody published here"),
            (connections.malformed, "malformed answers"),
            (settings.connections - connections.opened, "connections not open in time"),
        ]
        let failed = counts.filter { $0.0 > 0 }.map { "\(grouped($0.0)) \($0.1)" }
        return failed.isEmpty ? ["Redis acknowledged no event"] : failed
    }
}

/// `1,000,000`
func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(abs(number)).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3) { text.insert(",", at: text.startIndex) }
        text.insert(digit, at: text.startIndex)
    }
    return number < 0 ? "-" + text : text
}
