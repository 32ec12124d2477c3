import Foundation
import HalleyCore
import HalleyRouter
import Testing

struct RouterPlanTests {
    @Test func `a router that is right is left alone`() throws {
        let target = try target(workers: [1, 2, 3])
        #expect(plan(target, observed: state(of: target)).isEmpty)
    }

    @Test func `an empty router is given every server, then the whole map`() throws {
        let target = try target(workers: [1, 2])
        let plan = plan(target, observed: RouterState(mapNumber: 4))
        let one = try worker(1)
        #expect(try plan.admission.map(\.worker) == [worker(1), worker(2)])
        #expect(
            plan.admission.first?.commands == [
                .addServer(one, endpoint(1), number: RouterPlan.ringNumber(of: one)), .setState(one, .ready),
                .enableHealth(one),
            ])
        #expect(plan.map?.count == Shard.count + 1)
        #expect(plan.map?.first == MapEntry(key: "generation", value: "1-0"))
        #expect(plan.map?.last == MapEntry(key: "s63", value: "worker-2"))
        #expect(plan.retirement.isEmpty)
    }

    @Test func `a new generation is written even when no shard moved`() throws {
        let old = try target(generation: 1, workers: [1])
        var new = old
        new.generation = generation(2)
        let plan = plan(new, observed: state(of: old))
        #expect(plan.map?.first?.value == "2-0")
        #expect(plan.admission.isEmpty)
    }

    @Test func `a map that somebody tampered with is written again`() throws {
        let target = try target(workers: [1, 2])
        var observed = state(of: target)
        observed.entries["s7"] = "worker-9"
        #expect(plan(target, observed: observed).map != nil)
        observed = state(of: target)
        observed.entries["s64"] = "worker-1"
        #expect(plan(target, observed: observed).map != nil)
        observed = state(of: target)
        observed.entries["s7"] = nil
        #expect(plan(target, observed: observed).map != nil)
    }

    @Test func `a worker that moved is given its new address`() throws {
        let target = try target(workers: [1, 2])
        var observed = state(of: target)
        observed.servers[try worker(2)]?.endpoint = endpoint(7)
        let plan = plan(target, observed: observed)
        #expect(try plan.admission.map(\.commands) == [[.setAddress(worker(2), endpoint(2))]])
        #expect(plan.admission.map(\.kind) == [.readdress])
        #expect(plan.map == nil)
    }

    @Test func `a server that was taken out and is wanted again is put back`() throws {
        let target = try target(workers: [1])
        let one = try worker(1)
        for alter: (inout RouterState.Server) -> Void in [{ $0.isDraining = true }, { $0.isInMaintenance = true }] {
            var observed = state(of: target)
            observed.servers[one].map {
                var server = $0
                alter(&server)
                observed.servers[one] = server
            }
            #expect(plan(target, observed: observed).admission.map(\.commands) == [[.setState(one, .ready)]])
        }
        var observed = state(of: target)
        observed.servers[one]?.isChecked = false
        #expect(plan(target, observed: observed).admission.map(\.commands) == [[.enableHealth(one)]])
    }

    @Test func `a server that is only down is left to its health check, and loses its streams`() throws {
        let target = try target(workers: [1, 2])
        let one = try worker(1)
        var observed = state(of: target)
        observed.servers[one]?.isDown = true
        for seconds in 0..<2 {
            observed.servers[one]?.secondsSinceChange = seconds
            #expect(plan(target, observed: observed).isEmpty)
        }
        for seconds in [2, 3, 1_000] {
            observed.servers[one]?.secondsSinceChange = seconds
            let plan = plan(target, observed: observed)
            #expect(plan.admission.isEmpty && plan.map == nil && plan.retirement.isEmpty)
            #expect(plan.disconnection.map(\.commands) == [[.shutdownSessions(one)]])
        }
        // One that comes back out of service must not lose what it is given just then.
        observed.servers[one]?.isInMaintenance = true
        #expect(plan(target, observed: observed).disconnection.isEmpty)
        #expect(plan(target, observed: observed).admission.map(\.commands) == [[.setState(one, .ready)]])
        observed.servers[one]?.isInMaintenance = false
        observed.servers[one]?.isDown = false
        #expect(plan(target, observed: observed).isEmpty)
    }

    /// ``RouterPlan`` counts on it.
    @Test func `a request is connecting for a second at most`() throws {
        let configuration = try String(contentsOf: HAProxy.configuration, encoding: .utf8)
        let lines = configuration.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
        #expect(lines.filter { $0.hasPrefix("timeout connect ") } == ["timeout connect 1s"])
    }

    @Test func `a departed worker drains, and goes when it is down or overdue`() throws {
        let before = try target(workers: [1, 2])
        let after = try target(generation: 2, workers: [1])
        let two = try worker(2)
        var observed = state(of: before)
        #expect(plan(after, observed: observed).retirement.map(\.commands) == [[.setState(two, .drain)]])

        observed.servers[two]?.isDraining = true
        #expect(plan(after, observed: observed).retirement.isEmpty)
        let removal: [[RuntimeCommand]] = [
            [.setState(two, .maintenance), .shutdownSessions(two), .deleteServer(two)]
        ]
        #expect(plan(after, observed: observed, overdue: [two]).retirement.map(\.commands) == removal)

        observed.servers[two]?.isDown = true
        #expect(plan(after, observed: observed).retirement.map(\.commands) == removal)

        observed.servers[two]?.isInMaintenance = true
        #expect(
            plan(after, observed: observed).retirement.map(\.commands)
                == [[.shutdownSessions(two), .deleteServer(two)]])
    }

    @Test func `when no worker is left, no server is touched`() throws {
        let before = try target(workers: [1, 2])
        let after = RouterTarget(generation: generation(2), owners: before.owners, servers: [:])
        let everyone = Set(before.servers.keys)
        #expect(plan(after, observed: state(of: before), overdue: everyone).retirement.isEmpty)
    }

    @Test func `an owner whose address the registry has forgotten keeps its server, and the others are added`() throws {
        let before = try target(workers: [1, 2])
        var after = try target(workers: [1, 2, 3])
        after.owners = before.owners
        after.servers[try worker(2)] = nil
        let plan = plan(after, observed: state(of: before))
        #expect(plan.retirement.isEmpty)
        #expect(plan.admission.map(\.worker) == [try worker(3)])
    }

    @Test func `a worker whose address can't be resolved stays as it is`() throws {
        let target = try target(workers: [1, 2])
        let known = state(of: target)
        #expect(RouterPlan(target: target, endpoints: [:], observed: known).isEmpty)
        let plan = RouterPlan(target: target, endpoints: [:], observed: RouterState(mapNumber: 0))
        #expect(plan.admission.isEmpty)
        #expect(plan.map != nil)
    }

    @Test func `servers have different places on the ring, the same in every run`() throws {
        var observed = RouterState(mapNumber: 0)
        let one = try worker(1)
        observed.servers[try worker(9)] = RouterState.Server(
            number: RouterPlan.ringNumber(of: one), endpoint: endpoint(9), isDown: false, isInMaintenance: false,
            isDraining: false, isChecked: true)
        let plan = plan(try target(workers: Array(1...8) + [9]), observed: observed)
        let numbers = plan.admission.compactMap { step -> Int? in
            guard case .addServer(_, _, let number) = step.commands.first else { return nil }
            return number
        }
        #expect(Set(numbers).count == 8)
        #expect(numbers.allSatisfy { (1...RouterPlan.ringNumbers).contains($0) })
        #expect(!numbers.contains(RouterPlan.ringNumber(of: one)))
        #expect(RouterPlan.ringNumber(of: one) == 711_150)
    }
}
