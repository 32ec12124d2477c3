import HalleyBroker
import HalleyCore
import HalleyRedis
import Testing

@Suite struct TickCodecTests {
    @Test func readsATick() throws {
        let era = try #require(Era("aB3xYz"))
        let tick = Watermark(id: EventID(milliseconds: 1_795_359_771_922, counter: 57), era: era)
        #expect(Tick(Array("1795359771922-57 aB3xYz".utf8))?.reading == tick)
        #expect(Tick(Array("1795359771922-57 aB3xYz".utf8))?.isRewound == false)
        let rewound = Tick(Array("1795359771922-57 aB3xYz rewound".utf8))
        #expect(rewound?.reading == tick && rewound?.isRewound == true)
    }

    @Test(arguments: [
        "", " ", "1-1", "1-1 ", "1-1 abc", "1-1  aB3xYz", "1-1 aB3xYz ", "1-1 aB3xYz rewound ",
        "1-1 aB3xYz rewound 1-1", "1-1 aB3xYz woken", "1-1 rewound", "x aB3xYz", "1-1 aB3xY\u{0}", "-1 aB3xYz",
    ])
    func refusesWhatIsNoTick(text: String) { #expect(Tick(Array(text.utf8)) == nil) }

    @Test func readsWhatTheFunctionReturns() throws {
        let era = try #require(Era("aB3xYz"))
        func reply(_ published: Int64) -> RESPValue {
            .array([.bytes(Array("5-1".utf8)), .bytes(Array("aB3xYz".utf8)), .integer(7), .integer(published)])
        }
        let last = Watermark(id: EventID(milliseconds: 5, counter: 1), era: era)
        #expect(LinkWatch.Acknowledgement(reply(1)) == .init(last: last, wasPublished: true))
        #expect(LinkWatch.Acknowledgement(reply(0)) == .init(last: last, wasPublished: false))
        #expect(LinkWatch.Acknowledgement(.null) == nil)
        #expect(LinkWatch.Acknowledgement(.array([])) == nil)
        #expect(LinkWatch.Acknowledgement(.array([.null, .null, .null, .null])) == nil)
    }
}
