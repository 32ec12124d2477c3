import HalleyClient

/// Feeds text in pieces of a size, as a socket may.
func pieces(of text: String, by size: Int) -> [[UInt8]] {
    let bytes = Array(text.utf8)
    return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}

/// What an ``AnswerReader`` made of some bytes.
struct Heard: Equatable {
    var statuses: [Int] = []
    var bodies: [String] = [""]
    var ends = 0

    init(_ text: String, by size: Int, reader: inout AnswerReader) throws {
        for piece in pieces(of: text, by: size) {
            try piece.withUnsafeBytes { bytes in
                var rest = bytes
                while let part = try reader.next(&rest) {
                    switch part {
                    case .head(let head): statuses.append(head.status)
                    case .body(let bytes): bodies[ends] += String(decoding: bytes, as: UTF8.self)
                    case .end:
                        ends += 1
                        bodies.append("")
                    }
                }
            }
        }
    }
}

/// The events of a stream, as `name|data|id`.
func events(of text: String, by size: Int) throws -> [String] {
    var lines = LineSplitter(takesCR: true)
    var fields = EventStreamFields()
    var events: [String] = []
    for piece in pieces(of: text, by: size) {
        try piece.withUnsafeBytes { bytes in
            var rest = bytes
            while let isOver = try lines.next(&rest, { fields.take($0) }) {
                guard isOver, fields.isEvent else { continue }
                let id = fields.id.map { String(decoding: $0, as: UTF8.self) } ?? "-"
                events.append(
                    "\(String(decoding: fields.name, as: UTF8.self))|\(String(decoding: fields.data, as: UTF8.self))|\(id)"
                )
            }
        }
    }
    return events
}
