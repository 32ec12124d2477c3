import HalleyCore
import NIOCore

/// The statuses that a worker answers with.
public enum HTTPStatus: Int, Sendable {
    case ok = 200
    case noContent = 204
    case temporaryRedirect = 307
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case requestTimeout = 408
    case contentTooLarge = 413
    case upgradeRequired = 426
    case headerFieldsTooLarge = 431
    case serviceUnavailable = 503
    case httpVersionNotSupported = 505

    package var reason: String {
        switch self {
        case .ok: "OK"
        case .noContent: "No Content"
        case .temporaryRedirect: "Temporary Redirect"
        case .badRequest: "Bad Request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .requestTimeout: "Request Timeout"
        case .contentTooLarge: "Content Too Large"
        case .upgradeRequired: "Upgrade Required"
        case .headerFieldsTooLarge: "Request Header Fields Too Large"
        case .serviceUnavailable: "Service Unavailable"
        case .httpVersionNotSupported: "HTTP Version Not Supported"
        }
    }
}

/// A whole answer, small and known in advance; events travel otherwise.
public struct HTTPResponse: Sendable {
    /// The first line's.
    public var status: HTTPStatus
    /// Besides those that every answer has.
    public var fields: [(name: String, value: String)]
    /// The media type of the body.
    public var contentType: String
    /// Any bytes; none with 204.
    public var body: [UInt8]

    /// An answer; JSON unless it says otherwise.
    public init(
        status: HTTPStatus, fields: [(name: String, value: String)] = [], contentType: String = "application/json",
        body: [UInt8] = []
    ) {
        self.status = status
        self.fields = fields
        self.contentType = contentType
        self.body = body
    }

    /// `{"error":"…"}`, what every refusal carries.
    public static func error(
        _ status: HTTPStatus, _ message: String, fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var body = Array(#"{"error":"#.utf8)
        JSONText.appendString(message.utf8, to: &body)
        body.append(contentsOf: "}\n".utf8)
        return HTTPResponse(status: status, fields: fields, body: body)
    }

    /// The answer's bytes.
    ///
    /// - Parameters:
    ///   - server: the value of `Halley-Worker`.
    ///   - includesBody: `false` in answer to HEAD, which a client takes to end with the head whatever it says: a body
    ///     would be read as the next answer (RFC 9112, section 6.3).
    package func serialized(server: String, keepsAlive: Bool, includesBody: Bool = true) -> ByteBuffer {
        var text = "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n"
        text += HTTPResponse.commonFields(server: server)
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        if status != .noContent {
            text += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        }
        if !keepsAlive { text += "Connection: close\r\n" }
        text += "\r\n"
        var buffer = ByteBuffer()
        buffer.reserveCapacity(text.utf8.count + body.count)
        buffer.writeString(text)
        if includesBody { buffer.writeBytes(body) }
        return buffer
    }

    /// What every answer says: no cache keeps it, no browser guesses its type, no page's address leaves with it (a
    /// ticket stands in it), and any page may read it, for a ticket and not a cookie admits.
    package static func commonFields(server: String) -> String {
        """
        Halley-Worker: \(server)\r
        Cache-Control: no-store, no-transform\r
        Vary: Origin, Accept\r
        X-Content-Type-Options: nosniff\r
        X-Accel-Buffering: no\r
        Referrer-Policy: no-referrer\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Expose-Headers: Halley-Worker, Halley-Resume, Halley-Position, Retry-After\r

        """
    }
}
