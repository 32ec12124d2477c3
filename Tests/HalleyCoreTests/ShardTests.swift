import HalleyCore
import Testing

@Suite struct ShardTests {
    @Test func thereAreSixtyFourAndEachReadsItsOwnName() {
        #expect(Shard.all.count == 64)
        #expect(Shard.all.map(\.description).first == "s0")
        #expect(Shard.all.map(\.description).last == "s63")
        for shard in Shard.all {
            #expect(Shard(shard.description) == shard)
            #expect(Shard(index: shard.index) == shard)
        }
        #expect(Shard.all.shuffled().sorted() == Shard.all)
    }

    @Test(arguments: [-1, 64, .min, .max])
    func noShardBeyondTheTable(index: Int) { #expect(Shard(index: index) == nil) }

    static let hostile = [
        "", "s", "S1", "s-1", "s01", "s00", "s64", "s99", "s99999", "s18446744073709551617", "s1 ", " s1", "s1.", "s１",
        "s+1",
        "s1\n", "s1\0", "x1", "1", "ss1", "s1s", "s\u{301}1", "s1\u{301}", "x@s1", "s1/", "s%31",
    ]

    @Test(arguments: hostile)
    func noOtherTextIsAShard(text: String) {
        #expect(Shard(text) == nil)
        #expect(ShardLabel(text) == nil)
        #expect(ShardLabel(text + "-c") == nil)
    }
}

@Suite struct LaneTests {
    @Test func thereAreTwentySix() {
        var random = SeededGenerator(seed: 2)
        let drawn = Set((0..<2_000).map { _ in Lane.random(using: &random).description })
        #expect(drawn.count == Lane.count)
        #expect(drawn.allSatisfy { Lane($0)?.description == $0 })
    }

    @Test(arguments: ["", "A", "aa", "1", "-", "`", "{", "é", "a\n", "\0"])
    func anythingElseIsNone(text: String) { #expect(Lane(text) == nil) }
}

@Suite struct ShardLabelTests {
    @Test func everyLabelReadsItsOwnName() throws {
        for shard in Shard.all {
            #expect(ShardLabel(shard.description) == ShardLabel(shard: shard))
            for letter in "abcdefghijklmnopqrstuvwxyz" {
                let lane = try #require(Lane(String(letter)))
                let label = ShardLabel(shard: shard, lane: lane)
                #expect(label.description == "\(shard)-\(letter)")
                #expect(ShardLabel(label.description) == label)
            }
        }
    }

    @Test(arguments: [
        "s1-", "s1-A", "s1-aa", "s1-1", "s1--a", "s1-a-b", "-a", "-", "s1a", "S1-a", "s1-a.",
        "s1-a.push.example.com.evil.com",
        "s1-ä", "s1-a\n", "s01-a", "s64-a",
    ])
    func noOtherTextIsALabel(text: String) { #expect(ShardLabel(text) == nil) }
}
