// swift-tools-version: 6.2
import PackageDescription

// Benchmarks as guards: cluster/benchmarks runs them. A package of its own, so that the tool that measures reaches no
// user of Halley. Its counting of allocations needs a package more than it is worth; AllocationCounter stands in.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "halley", path: "../.."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
    ],
    targets: [
        .target(name: "AllocationCounter"),
        .executableTarget(
            name: "HotPath",
            dependencies: [
                "AllocationCounter",
                .product(name: "BenchmarkSubjects", package: "halley"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/HotPath",
            swiftSettings: [.swiftLanguageMode(.v6)],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
