/// The `long-poll` transport: an answer is whole before it is read.
struct LongPoll {
    private var body: [UInt8] = []

    /// The largest answer, in bytes: several of the largest payloads.
    private static let maximumBody = 64 << 20

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        guard body.count + bytes.count <= Self.maximumBody else { throw AnswerError("an answer is over 64 MiB long") }
        body.append(contentsOf: bytes)
    }

    /// The answer is whole: its messages, and last where they lead.
    mutating func finish() throws -> [HalleyClient.Message] {
        defer { body = [] }
        return try body.withUnsafeBytes { bytes in
            let answer = try JSONMessage.read(bytes)
            var messages = try answer.events.compactMap { try HalleyClient.Message($0) }
            if let position = answer.position.map({ String(decoding: $0, as: UTF8.self) }),
                messages.last?.position != position
            {
                messages.append(.position(try HalleyClient.Message.position(position.utf8)))
            }
            return messages
        }
    }
}
