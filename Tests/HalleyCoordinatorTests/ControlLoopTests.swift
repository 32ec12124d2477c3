import HalleyCluster
import HalleyCoordinator
import HalleyCore
import HalleyRedis
import HalleyRouter
import RedisFixture
import Testing

/// The leader at work: a real Redis, workers played by the test, and a router that writes down what it is told.
struct ControlLoopTests {
    private func map(_ coordinator: CoordinatorFixture) async throws -> ShardMap? {
        try await ShardMapStore(redis: coordinator.redis, name: .standard).read()
    }

    private func owners(_ coordinator: CoordinatorFixture) async throws -> Set<WorkerID> {
        Set(try await map(coordinator)?.owners.values.map { $0 } ?? [])
    }

    @Test func `workers that come are given shards, and the router is told at once and again`() async throws {
        try await withCoordinator { coordinator in
            for number in 1...3 { try await coordinator.registry.register(record(number)) }
            try await eventually { try await owners(coordinator).count == 3 }
            let map = try #require(try await map(coordinator))
            #expect(map.leader == "coordinator-1")
            #expect(map.counts.values.sorted() == [21, 21, 22])
            try await eventually { coordinator.router.seen.last?.generation == map.generation }
            let target = try #require(coordinator.router.seen.last)
            #expect(target.owners == map.owners)
            #expect(target.servers.count == 3)
            #expect(target.servers[worker(2)]?.description == "127.0.0.1:9002")
            let count = coordinator.router.seen.count
            try await eventually { coordinator.router.seen.count >= count + 2 }
        }
    }

    @Test func `a dead worker's shards are moved within five seconds of its last heartbeat`() async throws {
        try await withCoordinator { coordinator in
            let living = Task {
                while !Task.isCancelled {
                    try await coordinator.registry.register(record(1))
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
            try await coordinator.registry.register(record(2))
            let death = ContinuousClock.now
            try await eventually { try await owners(coordinator).count == 2 }
            try await eventually(within: .seconds(8)) { try await owners(coordinator) == [worker(1)] }
            try await eventually { coordinator.router.seen.last.map { Set($0.owners.values) } == [worker(1)] }
            #expect(death.duration(to: .now) < .milliseconds(5_200))
            #expect(coordinator.router.seen.last?.servers.keys.map { $0 } == [worker(1)])
            living.cancel()
        }
    }

    @Test func `who drains or says goodbye loses its shards in a second`() async throws {
        try await withCoordinator { coordinator in
            for number in 1...3 { try await coordinator.registry.register(record(number)) }
            try await eventually { try await owners(coordinator).count == 3 }
            try await coordinator.registry.register(record(2, state: .draining))
            try await eventually(within: .seconds(2)) {
                try await owners(coordinator) == [worker(1), worker(3)]
            }
            try await coordinator.registry.remove(worker(3), incarnation: record(3).incarnation)
            try await eventually(within: .seconds(2)) { try await owners(coordinator) == [worker(1)] }
        }
    }

    @Test func `a Redis that comes back empty gets the same map again, and the first worker back not everything`()
        async throws
    {
        try await withCoordinator { coordinator in
            for number in 1...3 { try await coordinator.registry.register(record(number)) }
            try await eventually { try await owners(coordinator).count == 3 }
            let before = try #require(try await map(coordinator))
            coordinator.server.kill()
            try await coordinator.server.start()
            try await coordinator.redis.ready()
            try await coordinator.registry.register(record(2))
            try await eventually(within: .seconds(5)) { try await map(coordinator) != nil }
            let after = try #require(try await map(coordinator))
            #expect(after.owners == before.owners)
            #expect(after.generation > before.generation)
        }
    }

    @Test func `a router with a later map makes the leader go on from there`() async throws {
        try await withCoordinator { coordinator in
            try await coordinator.registry.register(record(1))
            try await eventually { try await map(coordinator) != nil }
            let later = EventID(milliseconds: 4_000_000_000_000, counter: 5)
            coordinator.router.fail(.newerGeneration(later))
            try await eventually { try await map(coordinator)?.generation ?? .zero > later }
            coordinator.router.fail(nil)
        }
    }

    @Test func `two coordinators: one leads, and when it stops the other does at once`() async throws {
        let server = try await RedisServer()
        let (stop, stopNow) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await withCoordinator(server: server, id: "coordinator-1") { first in
                    for await _ in stop {}
                    #expect(!first.router.seen.isEmpty)
                }
            }
            let link = RedisCommandLink(to: server.endpoint, on: server.eventLoop, logger: .quiet)
            link.start()
            defer { link.close() }
            try await link.ready()
            try await eventually { try await link.send("EXISTS", "halley/leader").integer == 1 }
            try await withCoordinator(server: server, id: "coordinator-2") { second in
                try await second.registry.register(record(1))
                try await eventually { try await map(second)?.leader == "coordinator-1" }
                try await eventually {
                    try await second.request("GET", "/shards").body.contains(#""leader":"coordinator-1""#)
                }
                #expect(second.router.seen.isEmpty)
                stopNow.finish()
                // Well before the lease would have run out.
                try await eventually(within: .seconds(3)) { !second.router.seen.isEmpty }
                #expect(try await map(second)?.leader == "coordinator-1")
                try await eventually {
                    try await second.request("GET", "/shards").body.contains(#""leader":"coordinator-2""#)
                }
            }
            try await tasks.waitForAll()
            // A graceful stop gives the lease back.
            #expect(try await link.send("EXISTS", "halley/leader").integer == 0)
        }
    }

    @Test func `readiness is red while Redis is away, and says why`() async throws {
        try await withCoordinator { coordinator in
            coordinator.server.kill()
            try await eventually { try await coordinator.request("GET", "/health/ready").status == 503 }
            #expect(try await coordinator.request("GET", "/health/ready").body.contains("reasons"))
            #expect(try await coordinator.request("GET", "/health/live").status == 200)
            // The keys are known: sessions go on without Redis.
            #expect(try await coordinator.request("POST", "/session?channel=a").status == 200)
            #expect(try await coordinator.request("POST", "/publish?channel=a", body: "x").status == 503)
            try await coordinator.server.start()
            try await eventually(within: .seconds(5)) {
                try await coordinator.request("GET", "/health/ready").status == 200
            }
        }
    }
}
