import HalleyBench
import HalleyClient
import Testing

/// What is cut out of the answers of `multipart`, `iframe` and `jsonp`, however the bytes come.
@Suite struct SplitterTests {
    typealias Use = (UnsafeRawBufferPointer) throws -> Void

    private func messages(
        of text: String, by size: Int, _ next: (inout UnsafeRawBufferPointer, Use) throws -> Bool
    ) throws -> [String] {
        var found: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { piece in
                var rest = piece
                while try next(&rest, { found.append(String(decoding: $0, as: UTF8.self)) }) {}
                #expect(rest.isEmpty)
            }
        }
        return found
    }

    private func parts(_ text: String, by size: Int = 1_000) throws -> [String] {
        var splitter = PartSplitter()
        return try messages(of: text, by: size) { try splitter.next(&$0, $1) }
    }

    private func scripts(_ text: String, by size: Int = 1_000) throws -> [String] {
        var splitter = ScriptSplitter()
        return try messages(of: text, by: size) { try splitter.next(&$0, $1) }
    }

    private static let head = "Content-Type: application/json\r\n\r\n"

    @Test(arguments: [1, 2, 3, 50, 1_000]) func partsAreCompleteWithTheirLine(size: Int) throws {
        let text = "   \r\n--halley\r\n\(Self.head){}\r\n--halley\r\n\(Self.head){\"a\":\"--halley\"}\r\n"
        #expect(try parts(text, by: size) == ["{}", #"{"a":"--halley"}"#])
        #expect(try parts(text + "--halley\r\n\r\n--halley--\r\n", by: size).count == 2)
    }

    @Test(arguments: [
        "--halley\r\n\(head){}\r\n{}\r\n", "--halley\r\nContent-Type: text/plain\r\n\r\n{}\r\n",
        "--halley\r\n\r\n--halley--\r\n--halley\r\n",
    ]) func whatIsNoPartIsAnError(text: String) {
        #expect(throws: AnswerError.self) { _ = try parts(text) }
    }

    @Test(arguments: [1, 7, 1_000]) func scriptsAfterTheFramesOwn(size: Int) throws {
        let prelude = "<!doctype html>\n  <script>\nfunction m(x){}\nd()</script>\n"
        let text = prelude + "<script>m({\"position\":\"1\"})</script>\n<script>m({\"data\":\")\"})</script>\n"
        #expect(try scripts(text, by: size) == [#"{"position":"1"}"#, #"{"data":")"}"#])
        #expect(throws: AnswerError.self) { _ = try scripts(text + "<script>n()</script>\n", by: size) }
    }

    @Test func anAnswerCallsTheFunctionThatWasAskedFor() throws {
        func argument(_ text: String) throws -> String {
            try Array(text.utf8).withUnsafeBytes { String(decoding: try ScriptCall.ofAnswer($0), as: UTF8.self) }
        }
        #expect(try argument("/**/b({\"events\":[]});\n") == #"{"events":[]}"#)
        for text in ["", "/**/b(", "/**/c({});\n", "b({});\n", "/**/b({})", "/**/b);\n"] {
            #expect(throws: AnswerError.self) { _ = try argument(text) }
        }
    }

    @Test func aRefusalOfJSONPSaysItsStatus() throws {
        try Array(#"{"error":"no channel","status":400}"#.utf8).withUnsafeBytes { bytes in
            let message = try JSONMessage.read(bytes)
            #expect(message.status == 400 && message.error?.elementsEqual("no channel".utf8) ?? false)
        }
    }
}
