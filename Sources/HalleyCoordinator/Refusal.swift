import NIOCore
import NIOHTTP1

/// An answer to a request that is never handed on, because it can't be read or came too slowly.
package enum Refusal: Equatable {
    case malformed
    case malformedTarget
    case notOneHost
    case headTooLarge
    case headTooSlow

    /// Why a head is refused that was well formed for the parser; `nil` when it may pass.
    package init?(_ head: HTTPRequestHead) {
        if head.uri.utf8.first != UInt8(ascii: "/") {
            self = .malformedTarget
        } else if !Self.hostCounts(head.version).contains(head.headers["host"].count) {
            self = .notOneHost
        } else {
            return nil
        }
    }

    /// HTTP/1.0 had no `Host`; HTTP/1.1 demands it (RFC 9112, section 3.2).
    private static func hostCounts(_ version: HTTPVersion) -> ClosedRange<Int> { version == .http1_0 ? 0...1 : 1...1 }

    /// Why the parser gave up.
    package init(_ error: any Error) {
        self = (error as? HTTPParserError) == .headerOverflow ? .headTooLarge : .malformed
    }

    package var status: HTTPResponseStatus {
        switch self {
        case .malformed, .malformedTarget, .notOneHost: .badRequest
        case .headTooLarge: .requestHeaderFieldsTooLarge
        case .headTooSlow: .requestTimeout
        }
    }

    package var text: String {
        switch self {
        case .malformed: "this is not HTTP/1.1 as RFC 9112 has it"
        case .malformedTarget: "\(RequestError.malformedTarget)"
        case .notOneHost: "\(RequestError.noHost)"
        case .headTooLarge:
            "the request's head is too large; the most is \(HeadBounds.bytes) bytes and \(HeadBounds.fields) fields"
        case .headTooSlow: "the request's head didn't come in time"
        }
    }

    /// The whole answer, which ends the connection.
    package var answer: [HTTPServerResponsePart] {
        let body = ByteBuffer(string: #"{"error":"\#(text)"}"#)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": "\(body.readableBytes)", "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        return [.head(head), .body(.byteBuffer(body)), .end(nil)]
    }
}

/// How large a request's head may be: what the router lets pass, and no more.
package enum HeadBounds {
    /// The request line's target and all fields, in bytes.
    package static let bytes = 16_384
    /// How many fields.
    package static let fields = 100
}
