/// The parts of a `multipart/x-mixed-replace` body, to the letter of RFC 2046, section 5.1.1.
struct MultipartReader {
    private(set) var parts: [(type: String, body: [UInt8])] = []
    private(set) var isEnded = false

    init(_ bytes: [UInt8], boundary: String) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary may stand at the very beginning.
        var rest = (Array("\r\n".utf8) + bytes)[...]
        var isPreamble = true
        while let place = Self.place(of: delimiter, in: rest) {
            if !isPreamble { take(rest[..<place]) }
            isPreamble = false
            rest = rest[(place + delimiter.count)...]
            if rest.starts(with: "--".utf8) {
                isEnded = true
                return
            }
            guard rest.starts(with: "\r\n".utf8) else { return }
            rest = rest.dropFirst(2)
            // A boundary right behind this one begins with this one's line end.
            rest = (Array("\r\n".utf8) + rest)[...]
            guard !rest.dropFirst(2).isEmpty else { return }
            if !rest.dropFirst(2).starts(with: "--\(boundary)".utf8) { rest = rest.dropFirst(2) }
        }
    }

    private mutating func take(_ part: ArraySlice<UInt8>) {
        guard let end = Self.place(of: Array("\r\n\r\n".utf8), in: part) else { return }
        let head = String(decoding: part[..<end], as: UTF8.self)
        guard head.hasPrefix("Content-Type: ") else { return }
        parts.append((String(head.dropFirst("Content-Type: ".count)), Array(part[(end + 4)...])))
    }

    private static func place(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex
        while let start = bytes[index...].firstIndex(of: pattern[0]) {
            if bytes[start...].starts(with: pattern) { return start }
            index = start + 1
        }
        return nil
    }
}
