import HalleyCore
import HalleyHub
import NIOCore

/// How one stream's messages look on the wire: its transport, its style and its framing. Streams that agree in these
/// share every byte.
package struct WireFormat: Sendable {
    package let transport: Transport
    package let style: SSE.Style
    /// Chunked transfer coding (RFC 9112, section 7.1); without it the answer ends with the connection.
    package let isChunked: Bool

    package init(_ request: SubscriptionRequest) {
        transport = request.transport
        style = request.sseStyle
        isChunked = request.isChunked
    }

    /// Where ``Delivery`` keeps this format's bytes: 0 to 9 and 16 to 21; polls have theirs between and behind.
    package var frameFormat: FrameFormat {
        let kind =
            switch transport {
            case .sse: (style.isJSON ? 1 : 0) + (style.isMessage ? 2 : 0)
            case .stream: 4
            case .longPoll, .jsonp: 5
            case .iframe: 8
            case .multipart: 9
            case .websocket: 10
            }
        return FrameFormat(index: kind * 2 + (isChunked ? 1 : 0))
    }

    package func frame(_ delivery: Delivery) -> ByteBuffer {
        delivery.frame(frameFormat) { delivery in
            switch transport {
            case .sse: framed(SSE.event(delivery, style: style))
            case .iframe: framed(Iframe.event(delivery))
            case .multipart: framed(Multipart.event(delivery))
            case .websocket: framed(JSONMessage.event(delivery))
            case .stream, .longPoll, .jsonp: framed(Stream.event(delivery))
            }
        }
    }

    /// The events of a run one behind the other.
    package func frames(_ run: Run) -> ByteBuffer {
        run.bytes(frameFormat) { deliveries in
            let frames = deliveries.map(frame)
            var bytes = ByteBuffer()
            bytes.reserveCapacity(frames.reduce(0) { $0 + $1.readableBytes })
            for frame in frames { bytes.writeImmutableBuffer(frame) }
            return bytes
        }
    }

    package func gap(_ gap: Gap) -> ByteBuffer {
        switch transport {
        case .sse: framed(SSE.gap(gap))
        case .iframe: framed(Iframe.gap(gap))
        case .multipart: framed(Multipart.gap(gap))
        case .websocket: framed(JSONMessage.gap(gap))
        case .stream, .longPoll, .jsonp: framed(Stream.gap(gap))
        }
    }

    package func heartbeat(_ position: Position?) -> ByteBuffer {
        switch transport {
        case .sse: framed(SSE.heartbeat(position, style: style))
        case .iframe: framed(Iframe.heartbeat(position))
        case .multipart: framed(Multipart.heartbeat(position))
        case .websocket: framed(JSONMessage.heartbeat(position))
        case .stream, .longPoll, .jsonp: framed(Stream.heartbeat(position))
        }
    }

    /// The head of the answer and what the stream begins with. A WebSocket has had its head by then, and begins otherwise.
    ///
    /// - Parameter retry: when an `EventSource` shall come back after a loss, in milliseconds.
    package func opening(
        to request: SubscriptionRequest, resume: Resume, retry: Int, position: Position?, server: String
    ) -> ByteBuffer {
        let padding = Int(request.limits.padding)
        var head = "HTTP/1.1 200 OK\r\n" + HTTPResponse.commonFields(server: server)
        let prelude: [UInt8]
        switch transport {
        case .sse:
            head += "Content-Type: text/event-stream\r\n"
            prelude = SSE.prelude(retry: retry, position: position, style: style, padding: padding)
        case .iframe:
            guard case .frame(let origin) = request.page else { preconditionFailure("a frame is for a page") }
            head += "Content-Type: text/html; charset=utf-8\r\n" + Iframe.fields(for: origin)
            prelude = Iframe.prelude(for: origin, position: position, padding: padding)
        case .multipart:
            head += "Content-Type: \(Multipart.contentType)\r\n"
            prelude = Multipart.prelude(position: position, padding: padding)
        case .stream, .longPoll, .jsonp, .websocket:
            head += "Content-Type: application/x-ndjson\r\n"
            prelude = Stream.prelude(position: position, padding: padding)
        }
        if resume != .fresh { head += "Halley-Resume: \(resume.rawValue)\r\n" }
        if isChunked { head += "Transfer-Encoding: chunked\r\n" }
        // Nothing is read while an answer streams, so that one which is to end is the connection's last.
        if !isChunked || request.limits.isLimited { head += "Connection: close\r\n" }
        var buffer = ByteBuffer(string: head + "\r\n")
        buffer.writeImmutableBuffer(framed(prelude))
        return buffer
    }

    /// What ends the answer so that the client knows it for whole; empty where the connection's end says it.
    package var ending: ByteBuffer {
        switch transport {
        case .websocket: return WebSocketFrame.close(CloseReason(.goingAway, "this worker stops"))
        case .multipart:
            var ending = framed(Multipart.ending)
            if isChunked { ending.writeString(Self.lastChunk) }
            return ending
        default: return isChunked ? ByteBuffer(string: Self.lastChunk) : ByteBuffer()
        }
    }

    private static let lastChunk = "0\r\n\r\n"

    private func framed(_ bytes: [UInt8]) -> ByteBuffer {
        if transport == .websocket { return WebSocketFrame.text(bytes) }
        guard isChunked else { return ByteBuffer(bytes: bytes) }
        var digits = 1
        while bytes.count >> (4 * digits) > 0 { digits += 1 }
        let length = digits + 2 + bytes.count + 2
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
            for index in 0..<digits {
                let digit = UInt8(truncatingIfNeeded: bytes.count >> (4 * (digits - 1 - index)) & 15)
                output[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            output[digits] = 0x0D
            output[digits + 1] = 0x0A
            UnsafeMutableRawBufferPointer(rebasing: output[(digits + 2)...]).copyBytes(from: bytes)
            output[length - 2] = 0x0D
            output[length - 1] = 0x0A
            return length
        }
        return buffer
    }
}
