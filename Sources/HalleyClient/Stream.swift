/// The `stream` transport: NDJSON, a message a line.
struct Stream {
    private var lines = LineSplitter(takesCR: false)

    mutating func take(_ bytes: UnsafeRawBufferPointer, into messages: inout [HalleyClient.Message]) throws {
        var rest = bytes
        while let message = try lines.next(&rest, Self.message) {
            if let message { messages.append(message) }
        }
    }

    /// An empty line is a heartbeat without a position.
    private static func message(_ line: UnsafeRawBufferPointer) throws -> HalleyClient.Message? {
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x0D }
        return isBlank ? nil : try HalleyClient.Message(JSONMessage.read(line))
    }
}
