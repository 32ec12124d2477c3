import HalleyCore
import HalleyRouter
import Testing

/// Against a real HAProxy with the repository's configuration.
struct HAProxyRouterTests {
    private func target(generation number: UInt64 = 1, _ stubs: [Int: StubWorker]) throws -> RouterTarget {
        var target = RouterTarget(generation: generation(number), owners: [:], servers: [:])
        let numbers = stubs.keys.sorted()
        for (number, stub) in stubs {
            let address = try #require(ServerAddress("127.0.0.1:\(stub.port)"))
            target.servers[try worker(number)] = address
        }
        for shard in Shard.all { target.owners[shard] = try worker(numbers[shard.index % numbers.count]) }
        return target
    }

    private func owners(_ haproxy: HAProxy) async throws -> [String?] {
        var owners: [String?] = []
        for index in 0..<6 { owners.append(try await haproxy.body(of: "/events", host: "s\(index)-c.push.localhost")) }
        return owners
    }

    @Test func `an empty router is filled, and then found right`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1"), 2: try await StubWorker("worker-2")]
        let router = haproxy.router()
        let target = try target(stubs)
        let change = try await router.reconcile(target) { true }
        #expect(try change.added == [worker(1), worker(2)])
        #expect(change.committed == generation(1))
        let expected = ["worker-1", "worker-2", "worker-1", "worker-2", "worker-1", "worker-2"]
        #expect(try await owners(haproxy) == expected)
        #expect(try await router.reconcile(target) { true }.isEmpty)
    }

    @Test func `after a restart, all is asserted again`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1"), 2: try await StubWorker("worker-2")]
        let router = haproxy.router()
        let target = try target(stubs)
        _ = try await router.reconcile(target) { true }
        haproxy.stop()
        await #expect(throws: RouterError.self) { try await router.reconcile(target) { true } }
        try await haproxy.start()
        let change = try await router.reconcile(target) { true }
        #expect(change.added.count == 2 && change.committed == generation(1))
        #expect(try await owners(haproxy).first == "worker-1")
    }

    @Test func `a worker joins, moves house and departs`() async throws {
        let haproxy = try await HAProxy()
        var stubs = [1: try await StubWorker("worker-1")]
        let router = haproxy.router()
        _ = try await router.reconcile(try target(stubs)) { true }
        #expect(try await owners(haproxy) == Array(repeating: "worker-1", count: 6))

        stubs[2] = try await StubWorker("worker-2")
        #expect(try await router.reconcile(try target(generation: 2, stubs)) { true }.added == [worker(2)])
        #expect(try await owners(haproxy)[1] == "worker-2")

        try await stubs[2]?.stop()
        stubs[2] = try await StubWorker("worker-2 elsewhere")
        let moved = try await router.reconcile(try target(generation: 2, stubs)) { true }
        #expect(try moved.readdressed == [worker(2)] && moved.committed == nil)
        try await eventually { try await owners(haproxy)[1] == "worker-2 elsewhere" }

        let last = stubs.removeValue(forKey: 2)
        let target = try target(generation: 3, stubs)
        #expect(try await router.reconcile(target) { true }.retiring == [worker(2)])
        #expect(try await owners(haproxy) == Array(repeating: "worker-1", count: 6))
        try await last?.stop()
        try await eventually { try await router.reconcile(target) { true }.removed == [worker(2)] }
        #expect(try await router.reconcile(target) { true }.isEmpty)
    }

    @Test func `without a map, shards go by the hash of their names, the same after a restart`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [
            1: try await StubWorker("worker-1"), 2: try await StubWorker("worker-2"),
            3: try await StubWorker("worker-3"),
        ]
        var target = try target(stubs)
        target.owners = [:]
        let router = haproxy.router()
        func spread() async throws -> [String?] {
            var owners: [String?] = []
            for shard in Shard.all {
                owners.append(try await haproxy.body(of: "/events", host: "\(shard).push.localhost"))
            }
            return owners
        }
        _ = try await router.reconcile(target) { true }
        let before = try await spread()
        #expect(Set(before) == ["worker-1", "worker-2", "worker-3"])
        haproxy.stop()
        try await haproxy.start()
        _ = try await router.reconcile(target) { true }
        #expect(try await spread() == before)
    }

    @Test func `who has lost the lease changes nothing`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1")]
        let router = haproxy.router()
        let target = try target(stubs)
        await #expect(throws: RouterError.leaseLost) { try await router.reconcile(target) { false } }
        let change = try await router.reconcile(target) { true }
        #expect(change.added.count == 1, "the first try had added it")
    }

    @Test func `a lease lost between prepare and commit leaves the old map`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1")]
        let router = haproxy.router()
        _ = try await router.reconcile(try target(generation: 1, stubs)) { true }
        let asked = Counter()
        await #expect(throws: RouterError.leaseLost) {
            try await router.reconcile(try target(generation: 2, stubs)) { await asked.next() < 3 }
        }
        #expect(try await router.reconcile(try target(generation: 1, stubs)) { true }.isEmpty)
    }

    @Test func `a map of a later generation is not overwritten`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1")]
        let router = haproxy.router()
        _ = try await router.reconcile(try target(generation: 7, stubs)) { true }
        await #expect(throws: RouterError.newerGeneration(generation(7))) {
            try await router.reconcile(try target(generation: 6, stubs)) { true }
        }
    }

    @Test func `a router that isn't there is an error, soon`() async throws {
        let haproxy = try await HAProxy()
        let stubs = [1: try await StubWorker("worker-1")]
        let router = haproxy.router()
        haproxy.stop()
        let began = ContinuousClock.now
        await #expect(throws: RouterError.self) { try await router.reconcile(try target(stubs)) { true } }
        #expect(ContinuousClock.now - began < .seconds(3))
    }
}

private actor Counter {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}
