/// One message of the JSON transports. Points into the bytes that it was read from.
package struct JSONMessage {
    package private(set) var position: UnsafeRawBufferPointer?
    package private(set) var id: UnsafeRawBufferPointer?
    package private(set) var channel: UnsafeRawBufferPointer?
    /// JSON text.
    package private(set) var data: UnsafeRawBufferPointer?
    /// What `data` is a string of, if it isn't the payload itself.
    package private(set) var encoding: UnsafeRawBufferPointer?
    package private(set) var gap: JSONGap?
    /// Of a WebSocket that has joined its channels: how its position is answered.
    package private(set) var resume: UnsafeRawBufferPointer?
    /// Of a WebSocket whose request is refused, or of JSONP's refusal.
    package private(set) var error: UnsafeRawBufferPointer?
    /// Of JSONP's refusal: what a script can't see otherwise.
    package private(set) var status: Int?
    /// Of a long poll's answer.
    package private(set) var events: [JSONMessage] = []

    package var isGap: Bool { gap != nil }

    /// Reads a whole line, or a whole answer.
    package static func read(_ bytes: UnsafeRawBufferPointer) throws -> JSONMessage {
        var cursor = JSONCursor(bytes)
        let message = try JSONMessage(&cursor, depth: 0)
        try cursor.end()
        return message
    }

    private init(_ cursor: inout JSONCursor, depth: Int) throws {
        try cursor.object { name, cursor in
            switch name {
            case _ where name.elementsEqual("position".utf8): position = try cursor.string()
            case _ where name.elementsEqual("id".utf8): id = try cursor.string()
            case _ where name.elementsEqual("channel".utf8): channel = try cursor.string()
            case _ where name.elementsEqual("data".utf8): data = try cursor.value()
            case _ where name.elementsEqual("encoding".utf8): encoding = try cursor.string()
            case _ where name.elementsEqual("gap".utf8): gap = try JSONGap(&cursor)
            case _ where name.elementsEqual("error".utf8): error = try cursor.string()
            case _ where name.elementsEqual("status".utf8):
                status = Int(String(decoding: try cursor.value(), as: UTF8.self))
            case _ where name.elementsEqual("subscribed".utf8):
                try cursor.object { name, cursor in
                    let value = try cursor.value()
                    guard name.elementsEqual("resume".utf8) else { return }
                    var text = JSONCursor(value)
                    resume = try text.string()
                }
            case _ where name.elementsEqual("events".utf8) && depth == 0:
                try cursor.array { events.append(try JSONMessage(&$0, depth: 1)) }
            default: _ = try cursor.value()
            }
        }
    }
}

/// What a gap says of itself: `{"channel":"news","from":"…","to":"…"}`.
package struct JSONGap {
    package private(set) var channel: UnsafeRawBufferPointer?
    package private(set) var from: UnsafeRawBufferPointer?
    package private(set) var to: UnsafeRawBufferPointer?

    package init(_ cursor: inout JSONCursor) throws {
        try cursor.object { name, cursor in
            switch name {
            case _ where name.elementsEqual("channel".utf8): channel = try cursor.string()
            case _ where name.elementsEqual("from".utf8): from = try cursor.string()
            case _ where name.elementsEqual("to".utf8): to = try cursor.string()
            default: _ = try cursor.value()
            }
        }
    }
}
