// swift-tools-version: 6.2
import PackageDescription

// Every target: Swift 6 language mode (strict concurrency), warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

// What a target may import is the table "The house" in README.md; the build is run with
// `--explicit-target-dependency-import-check error`, so the table holds.
let package = Package(
    name: "halley",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "halley", targets: ["halley"]),
        .library(name: "HalleyClient", targets: ["HalleyClient"]),
        // For the package in Tests/Benchmarks alone.
        .library(name: "BenchmarkSubjects", targets: ["BenchmarkSubjects"]),
    ],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(
            name: "HalleyCore",
            dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "HalleyRedis",
            dependencies: [
                "CHiredis",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyBroker",
            dependencies: [
                "HalleyCore", "HalleyRedis",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyHub",
            dependencies: [
                "HalleyCore", "HalleyBroker",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyTransports",
            dependencies: [
                "HalleyCore", "HalleyHub", .target(name: "CMalloc", condition: .when(platforms: [.linux])),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyCluster",
            dependencies: [
                "HalleyCore", "HalleyRedis",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyRouter",
            dependencies: [
                "HalleyCore", "HalleyCluster",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyWorker",
            dependencies: [
                "HalleyCore", "HalleyBroker", "HalleyHub", "HalleyTransports", "HalleyCluster",
                "HalleyRedis",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyBrowser",
            exclude: ["client", "transports"],
            resources: [
                .embedInCode("built/halley.js"), .embedInCode("built/halley.classic.js"),
                .embedInCode("built/halley.d.ts"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyCoordinator",
            dependencies: [
                "HalleyBrowser", "HalleyCore", "HalleyBroker", "HalleyCluster", "HalleyRouter", "HalleyRedis",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyClient",
            dependencies: [
                "HalleyCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "HalleyBench",
            dependencies: [
                "HalleyCore", "HalleyBroker", "HalleyClient", "HalleyRedis",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "halley",
            dependencies: [
                "HalleyWorker", "HalleyCoordinator", "HalleyBench", "HalleyClient",
                "HalleyCore", "HalleyBroker", "HalleyCluster", "HalleyRedis",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyCoreTests",
            dependencies: ["HalleyCore", "ThreadGate", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "RedisFixture",
            dependencies: [
                "FreePort", "HalleyRedis",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/RedisFixture",
            swiftSettings: strict),
        .testTarget(
            name: "HalleyRedisTests",
            dependencies: [
                "HalleyRedis", "FreePort", "RedisFixture",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyBrokerTests",
            dependencies: [
                "HalleyBroker", "HalleyCore", "HalleyRedis", "RedisFixture",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyClusterTests",
            dependencies: [
                "HalleyCluster", "HalleyCore", "HalleyRedis", "RedisFixture", "ThreadGate",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyRouterTests",
            dependencies: [
                "HalleyRouter", "HalleyCore", "FreePort",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "FreePort", path: "Tests/FreePort", swiftSettings: strict),
        .target(name: "ThreadGate", path: "Tests/ThreadGate", swiftSettings: strict),
        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: strict),
        .testTarget(
            name: "HalleyHubTests",
            dependencies: [
                "HalleyHub", "HalleyBroker", "HalleyCore", "SeededRandom", "ThreadGate",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyTransportsTests",
            dependencies: [
                "HalleyTransports", "HalleyHub", "HalleyBroker", "HalleyCore", "FreePort", "SeededRandom",
                "ThreadGate",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyClientTests",
            dependencies: [
                "HalleyClient", "HalleyCore", "FreePort",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyBenchTests",
            dependencies: [
                "HalleyBench", "HalleyCore",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "BenchmarkSubjects",
            dependencies: [
                "HalleyTransports", "HalleyHub", "HalleyBroker", "HalleyCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: "Tests/BenchmarkSubjects",
            swiftSettings: strict),
        .testTarget(
            name: "HalleyWorkerTests",
            dependencies: [
                "HalleyWorker", "HalleyBroker", "HalleyCore", "HalleyHub", "HalleyRedis", "HalleyTransports",
                "RedisFixture",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HalleyCoordinatorTests",
            dependencies: [
                "HalleyBrowser", "HalleyCoordinator", "HalleyBroker", "HalleyCluster", "HalleyCore", "HalleyRedis",
                "HalleyRouter",
                "FreePort", "RedisFixture",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
    ]
)
