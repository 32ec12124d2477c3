import HalleyClient
import Testing

@Suite struct AnswerReaderTests {
    /// From a byte at a time to everything at once.
    static let sizes = [1, 2, 3, 7, 64, 10_000]

    @Test(arguments: sizes) func answersOneBehindTheOther(size: Int) throws {
        var reader = AnswerReader()
        let heard = try Heard(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
                + "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab\r\n\r\n1A;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"
                + "HTTP/1.1 204 No Content\r\n\r\n", by: size, reader: &reader)
        #expect(heard.statuses == [200, 503, 200, 204])
        #expect(heard.bodies == ["hello", "", "ab\r\nabcdefghijklmnopqrstuvwxyz", "", ""])
        #expect(heard.ends == 4)
        #expect(reader.mayEnd)
    }

    @Test(arguments: sizes) func aBodyUpToTheEnd(size: Int) throws {
        var reader = AnswerReader()
        let heard = try Heard("HTTP/1.1 200 OK\r\n\r\nretry: 700\n\n", by: size, reader: &reader)
        #expect(heard.bodies == ["retry: 700\n\n"])
        #expect(heard.ends == 0)
        #expect(reader.mayEnd)
    }

    @Test func whatIsCutIsKnownToBe() throws {
        for text in [
            "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        ] {
            var reader = AnswerReader()
            _ = try Heard(text, by: 5, reader: &reader)
            #expect(!reader.mayEnd)
        }
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n",
    ]) func whatIsNoAnswerIsAnError(text: String) {
        for size in Self.sizes {
            var reader = AnswerReader()
            #expect(throws: AnswerError.self) { _ = try Heard(text, by: size, reader: &reader) }
        }
    }
}
