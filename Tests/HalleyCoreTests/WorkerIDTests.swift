import HalleyCore
import Testing

@Suite struct WorkerIDTests {
    @Test(arguments: ["worker-1", "a", "host.example_9", "0", String(repeating: "w", count: 64)])
    func namesThatHAProxyTakes(text: String) { #expect(WorkerID(text)?.description == text) }

    @Test(arguments: [
        "", String(repeating: "w", count: 65), "worker 1", "worker/1", "worker;1", "worker\n", "worker:1", "wörker",
        "w#1",
        "w\0", "%s", "workers/*", "w;add server x",
    ])
    func anythingElseIsNone(text: String) { #expect(WorkerID(text) == nil) }

    @Test func orderIsThatOfText() throws {
        let one = try #require(WorkerID("worker-1"))
        let two = try #require(WorkerID("worker-2"))
        #expect(one < two)
    }
}
