import HalleyCluster
import HalleyCore
import Testing

struct WorkerRecordTests {
    private func fields(_ change: [String: String?] = [:]) -> [String: String] {
        var fields = Dictionary(uniqueKeysWithValues: record(1, connections: 17).fields.map { ($0.name, $0.value) })
        for (name, value) in change { fields[name] = value }
        return fields
    }

    @Test func `what is written is read`() throws {
        #expect(try WorkerRecord(id: worker(1), fields: fields()) == record(1, connections: 17))
        #expect(fields()["address"] == "127.0.0.1:9001")
        #expect(fields()["incarnation"] == "0000000000000001")
    }

    @Test func `fields of a later version are no harm`() throws {
        #expect(try WorkerRecord(id: worker(1), fields: fields(["region": "north"])).connections == 17)
    }

    @Test(
        arguments: [
            ("address", nil), ("address", "127.0.0.1"), ("address", "127.0.0.1:9001\nadd server x/y 1.2.3.4:5"),
            ("connections", nil), ("connections", "-1"), ("connections", "many"), ("state", "asleep"), ("state", nil),
            ("version", nil), ("version", String(repeating: "1", count: 65)), ("incarnation", "1"),
            ("incarnation", nil),
        ] as [(String, String?)])
    func `a field that can't be read is named`(name: String, value: String?) {
        #expect(throws: WorkerRecordError.field(name)) {
            try WorkerRecord(id: worker(1), fields: fields([name: value]))
        }
    }

    @Test(arguments: [
        "127.0.0.1:9001", "worker-1:80", "worker_1.internal.example:65535", "[::1]:9001", "[fe80::1]:1",
    ])
    func `addresses that are some`(text: String) {
        #expect(WorkerAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ":", ":80", "host", "host:", "host:0", "host:65536", "host:+80", "host:8 0", "::1:9001", "[host]:80",
        "[]:80",
        "a b:80", "a;b:80", "a\nb:80", "a/b:80", "host:080000", "\(String(repeating: "a", count: 254)):80",
    ])
    func `addresses that are none`(text: String) {
        #expect(WorkerAddress(text) == nil)
    }
}
