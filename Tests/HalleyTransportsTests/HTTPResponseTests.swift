import HalleyTransports
import NIOCore
import Testing

@Suite struct HTTPResponseTests {
    private func read(_ response: HTTPResponse, keepsAlive: Bool = true) throws -> Answer {
        let bytes = response.serialized(server: "worker-1", keepsAlive: keepsAlive)
        let answers = try Answer.all(in: Array(bytes.readableBytesView))
        #expect(answers.count == 1)
        return try #require(answers.first)
    }

    @Test func hasItsLengthAndTheFieldsOfEveryAnswer() throws {
        let answer = try read(HTTPResponse(status: .ok, fields: [("X-A", "b")], body: [0x61, 0x0A]))
        #expect(answer.status == 200)
        #expect(answer.text == "a\n")
        #expect(answer.fields["x-a"] == "b")
        #expect(answer.fields["content-type"] == "application/json")
        #expect(answer.fields["halley-worker"] == "worker-1")
        #expect(answer.fields["cache-control"] == "no-store, no-transform")
        #expect(answer.fields["connection"] == nil)
    }

    @Test func saysThatItIsTheLast() throws {
        #expect(try read(HTTPResponse(status: .ok), keepsAlive: false).fields["connection"] == "close")
    }

    @Test func noContentHasNoLength() throws {
        let answer = try read(HTTPResponse(status: .noContent))
        #expect(answer.fields["content-length"] == nil)
        #expect(answer.fields["content-type"] == nil)
        #expect(answer.body.isEmpty)
    }

    @Test func theAnswerToHEADEndsWithItsHead() {
        let bytes = HTTPResponse.error(.methodNotAllowed, "no").serialized(
            server: "w", keepsAlive: true, includesBody: false)
        let text = String(buffer: bytes)
        #expect(text.contains("Content-Length: 15\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func anErrorIsJSONWhateverItSays() throws {
        let answer = try read(.error(.badRequest, "a \"quoted\"\r\nline", fields: [("Allow", "GET")]))
        #expect(answer.status == 400)
        #expect(answer.text == #"{"error":"a \"quoted\"\r\nline"}"# + "\n")
        #expect(answer.fields["allow"] == "GET")
    }
}
