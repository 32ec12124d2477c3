import HalleyBroker
import HalleyCore
import Testing

@Suite struct RedisKeysTests {
    @Test func namesEverythingOfACluster() throws {
        let keys = RedisKeys(try #require(ClusterName("blue")))
        #expect(keys.live(try Channel("user.42")) == "blue:user.42")
        #expect(keys.clock == "blue/clock")
        #expect(keys.born == "blue/born")
        #expect(keys.tick == "blue/tick")
        #expect(keys.library == "blue/library")
    }

    @Test func noChannelReachesOwnKeys() throws {
        let keys = RedisKeys(.standard)
        for name in ["/tick", "tick", ":/tick", "/clock"] {
            #expect(!keys.live(try Channel(name)).hasPrefix("halley/"))
        }
    }
}
