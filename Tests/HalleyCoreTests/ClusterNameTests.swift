import HalleyCore
import Testing

@Suite struct ClusterNameTests {
    @Test(arguments: ["halley", "h", "Blue_2-x", String(repeating: "n", count: 32)])
    func plainNamesAreTaken(text: String) { #expect(ClusterName(text)?.description == text) }

    /// A colon or a slash would let one cluster's name reach into another's channels or keys.
    @Test(arguments: [
        "", String(repeating: "n", count: 33), "a:b", "a/b", "a b", "a*", "a?", "[a]", "{a}", "a\r\nFLUSHALL\r\n",
        "a\0",
        "%s", "name.", "näme",
    ])
    func anythingElseIsNone(text: String) { #expect(ClusterName(text) == nil) }

    @Test func usersChannelsAndOwnKeysCannotMeet() throws {
        let name = ClusterName.standard
        #expect(try name.publicChannel(Channel("news")) == "halley:news")
        #expect(name.own("workers/worker-1") == "halley/workers/worker-1")
        #expect(try name.publicChannel(Channel("/clock")) == "halley:/clock")
        #expect(ClusterName("halley") == .standard)
    }
}
