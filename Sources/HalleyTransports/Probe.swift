import NIOCore

/// Two chunks with a pause between them: `GET /probe`. Where they arrive together something on the way holds streamed answers
/// back, and a client does better to poll.
package struct Probe: Sendable, Equatable {
    /// How long the pause is.
    package let pause: TimeAmount
    let keepsAlive: Bool
    let isChunked: Bool

    /// Long enough to tell a pause from a slow network, short enough that nobody waits.
    static let standardPause = 2_000
    /// `delay=`, in milliseconds.
    static let pauses = 100...5_000

    /// `nil` when `delay=` is out of bounds.
    package init?(_ request: HTTPRequest) {
        guard let query = QueryItems(request.query) else { return nil }
        var milliseconds = Self.standardPause
        if let text = query["delay"] {
            guard text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
                Self.pauses.contains(number)
            else { return nil }
            milliseconds = number
        }
        pause = .milliseconds(Int64(milliseconds))
        keepsAlive = request.keepsAlive
        isChunked = request.isHTTP11
    }

    static let refusal = HTTPResponse.error(
        .badRequest, "expected delay= in milliseconds, \(pauses.lowerBound) to \(pauses.upperBound), or no delay")

    /// The head and the first chunk.
    package func beginning(server: String) -> ByteBuffer {
        var text = "HTTP/1.1 200 OK\r\n" + HTTPResponse.commonFields(server: server)
        text += "Content-Type: text/plain\r\n"
        if isChunked { text += "Transfer-Encoding: chunked\r\n" }
        if !keepsAlive { text += "Connection: close\r\n" }
        return ByteBuffer(string: text + "\r\n" + chunk("1\n"))
    }

    /// The second chunk and the end.
    package var ending: ByteBuffer { ByteBuffer(string: chunk("2\n") + (isChunked ? "0\r\n\r\n" : "")) }

    private func chunk(_ text: String) -> String { isChunked ? "\(text.utf8.count)\r\n\(text)\r\n" : text }
}

/// A probe that waits for its second chunk.
final class HeldProbe {
    let probe: Probe
    private let timer: Scheduled<Void>

    init(_ probe: Probe, timer: Scheduled<Void>) {
        self.probe = probe
        self.timer = timer
    }

    func cancel() { timer.cancel() }
}
