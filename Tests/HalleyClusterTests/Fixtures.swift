import HalleyCluster
import HalleyCore
import HalleyRedis
import NIOPosix
import RedisFixture
import Testing

/// A generator whose sequences are the same in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func worker(_ number: Int) -> WorkerID {
    guard let id = WorkerID("worker-\(number)") else { fatalError("a valid id") }
    return id
}

func workers(_ numbers: ClosedRange<Int>) -> Set<WorkerID> { Set(numbers.map { worker($0) }) }

func record(_ number: Int, state: WorkerRecord.State = .ready, connections: Int = 0) -> WorkerRecord {
    guard let address = WorkerAddress(host: "127.0.0.1", port: 9_000 + number) else { fatalError("a valid address") }
    return WorkerRecord(
        id: worker(number), address: address, connections: connections, state: state, version: "0.1.0",
        incarnation: Incarnation(bits: UInt64(number)))
}

/// Runs a body against a Redis of its own.
func withRedis(_ body: (RedisCommandLink) async throws -> Void) async throws {
    let server = try await RedisServer()
    let link = RedisCommandLink(
        to: server.endpoint, on: MultiThreadedEventLoopGroup.singleton.next(), logger: .quiet)
    link.start()
    defer { link.close() }
    try await link.ready()
    try await body(link)
    withExtendedLifetime(server) {}
}
