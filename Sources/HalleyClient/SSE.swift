/// The `sse` transport: server-sent events whose data are the JSON of the other transports.
struct SSE {
    private var lines = LineSplitter(takesCR: true)
    private var fields = EventStreamFields()

    /// When to come back after a loss, as told by `retry:`.
    var retry: Duration? { fields.retry.map { .milliseconds($0) } }

    mutating func take(_ bytes: UnsafeRawBufferPointer, into messages: inout [HalleyClient.Message]) throws {
        var rest = bytes
        while let isOver = try lines.next(&rest, { fields.take($0) }) {
            if isOver, let message = try message() { messages.append(message) }
        }
    }

    private func message() throws -> HalleyClient.Message? {
        let position = try fields.id.flatMap { $0.isEmpty ? nil : try HalleyClient.Message.position($0) }
        guard fields.isEvent else { return position.map { .position($0) } }
        return try fields.data.withUnsafeBytes { data in
            guard fields.name.elementsEqual("~gap".utf8) else {
                return try HalleyClient.Message(JSONMessage.read(data))
            }
            var cursor = JSONCursor(data)
            let gap = try JSONGap(&cursor)
            try cursor.end()
            return .gap(try HalleyClient.Gap(gap, position: position))
        }
    }
}
