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

    /// Where ``Delivery`` keeps this format's bytes: 0 to 11.
    package var frameFormat: FrameFormat {
        let kind =
            switch transport {
            case .sse: (style.isJSON ? 1 : 0) + (style.isMessage ? 2 : 0)
            case .stream: 4
            case .longPoll: 5
            }
        return FrameFormat(index: kind * 2 + (isChunked ? 1 : 0))
    }

    package func frame(_ delivery: Delivery) -> ByteBuffer {
        delivery.frame(frameFormat) { delivery in
            switch transport {
            case .sse: framed(SSE.event(delivery, style: style))
            case .stream, .longPoll: framed(Stream.event(delivery))
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
        case .stream, .longPoll: framed(Stream.gap(gap))
        }
    }

    package func heartbeat(_ position: Position?) -> ByteBuffer {
        switch transport {
        case .sse: framed(SSE.heartbeat(position))
        case .stream, .longPoll: framed(Stream.heartbeat(position))
        }
    }

    /// The head of the answer and what the stream begins with.
    ///
    /// - Parameter retry: when an `EventSource` shall come back after a loss, in milliseconds.
    package func opening(resume: Resume, retry: Int, position: Position?, server: String) -> ByteBuffer {
        var head = "HTTP/1.1 200 OK\r\n" + HTTPResponse.commonFields(server: server)
        head += transport == .sse ? "Content-Type: text/event-stream\r\n" : "Content-Type: application/x-ndjson\r\n"
        if resume != .fresh { head += "Halley-Resume: \(resume.rawValue)\r\n" }
        head += isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Connection: close\r\n\r\n"
        var buffer = ByteBuffer(string: head)
        let prelude = transport == .sse ? SSE.prelude(retry: retry, position: position) : Stream.heartbeat(position)
        buffer.writeImmutableBuffer(framed(prelude))
        return buffer
    }

    /// What ends the answer so that the client knows it for whole; empty where the connection's end says it.
    package var ending: ByteBuffer { isChunked ? ByteBuffer(string: "0\r\n\r\n") : ByteBuffer() }

    private func framed(_ bytes: [UInt8]) -> ByteBuffer {
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
