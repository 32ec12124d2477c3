import HalleyClient
import Testing

@Suite struct EventStreamTests {
    @Test(arguments: AnswerReaderTests.sizes) func whatHalleySends(size: Int) throws {
        let text = "retry: 700\nid: 1\n\nid: 2\nevent: news\ndata: {\"a\":1}\n\n:\n\nid: 3\n\nevent: ~gap\ndata: {}\n\n"
        #expect(try events(of: text, by: size) == ["news|{\"a\":1}|2", "~gap|{}|3"])
    }

    @Test(arguments: AnswerReaderTests.sizes) func whatTheStandardAllows(size: Int) throws {
        let text =
            "data\r\ndata:  two\rdata:three\n\r\nevent:x\r\r: a comment\nid: no\u{0}\nunknown: y\ndata: z\r\n\r\ndata: cut"
        #expect(try events(of: text, by: size) == ["|\n two\nthree|-", "|z|-"])
    }

    @Test func retryTakesDigitsOnly() throws {
        var fields = EventStreamFields()
        for (line, retry) in [("retry: 700", 700), ("retry: 1e3", 700), ("retry:", 700), ("retry: 1200", 1_200)] {
            _ = Array(line.utf8).withUnsafeBytes { fields.take($0) }
            #expect(fields.retry == retry)
        }
    }
}
