import HalleyCluster
import HalleyCore
import Testing

struct ShardMapTests {
    @Test func `what is written is read`() {
        let owners = Assignment.assign(previous: [:], workers: workers(1...3))
        let map = ShardMap(generation: EventID(milliseconds: 5, counter: 7), leader: "coordinator-1", owners: owners)
        let fields = Dictionary(uniqueKeysWithValues: map.fields.map { ($0.name, $0.value) })
        #expect(fields["generation"] == "5-7")
        #expect(fields["s0"] == "worker-1")
        #expect(fields.count == Shard.count + 2)
        #expect(ShardMap(fields: fields) == map)
        #expect(map.counts == [worker(1): 22, worker(2): 21, worker(3): 21])
    }

    @Test func `entries that make no sense are holes`() {
        let map = ShardMap(fields: [
            "generation": "1-0", "leader": "c", "s1": "worker-1", "s64": "worker-1", "s01": "worker-1", "x": "worker-1",
            "s2": "no worker", "s3": "",
        ])
        #expect(map?.owners == [Shard.all[1]: worker(1)])
    }

    @Test(arguments: [[:], ["s1": "worker-1"], ["generation": "x", "s1": "worker-1"]])
    func `without a generation there is no map`(fields: [String: String]) {
        #expect(ShardMap(fields: fields) == nil)
    }
}
