import AllocationCounter
import Benchmark
import BenchmarkSubjects
import Glibc

/// Allocations are the same on every machine and in every run, so they are what thresholds hold. Times vary by a quarter
/// from run to run: they are shown on demand, and guard nothing.
let benchmarks: @Sendable () -> Void = {
    let allocations = BenchmarkMetric.custom(
        "Allocations of 1,000 runs", polarity: .prefersSmaller, useScalingFactor: false)
    let isTimed = getenv("HALLEY_BENCHMARK_TIME") != nil
    for subject in Subject.all() {
        Benchmark(
            subject.name,
            configuration: .init(
                metrics: isTimed ? [allocations, .wallClock] : [allocations], warmupIterations: 1, scalingFactor: .kilo,
                maxDuration: .seconds(2), maxIterations: 20,
                // What a table that grows once in a while adds.
                thresholds: [allocations: BenchmarkThresholds(absolute: [.p90: 100])])
        ) { benchmark in
            let before = halley_allocations()
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(subject.run()) }
            benchmark.stopMeasurement()
            benchmark.measurement(allocations, Int(halley_allocations() - before))
        }
    }
}
