/// What an `EventSource` makes of bytes, to the letter of WHATWG HTML, sections 9.2.5 and 9.2.6: the reference that our
/// SSE is held against.
struct EventStreamReader {
    struct Event: Equatable {
        let type: String
        let data: String
        let lastEventID: String
    }

    private(set) var events: [Event] = []
    /// Where the source would say it stands when it comes back.
    private(set) var lastEventID = ""
    /// Milliseconds.
    private(set) var retry: Int?

    private var type = ""
    private var data: [String] = []
    private var idBuffer = ""

    init(_ bytes: [UInt8]) {
        // "UTF-8 decode" takes one byte order mark away.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        var line: [UInt8] = []
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 0x0A, previous == 0x0D {
                // The second half of CR LF.
            } else if byte == 0x0A || byte == 0x0D {
                take(line: String(decoding: line, as: UTF8.self))
                line = []
            } else {
                line.append(byte)
            }
            previous = byte
        }
    }

    private mutating func take(line: String) {
        // By scalars: a Character may hide a colon or a space behind a combining mark.
        let scalars = line.unicodeScalars
        guard let first = scalars.first else { return dispatch() }
        guard first != ":" else { return }
        guard let colon = scalars.firstIndex(of: ":") else { return field(line, "") }
        var value = scalars[scalars.index(after: colon)...]
        if value.first == " " { value = value.dropFirst() }
        field(String(scalars[..<colon]), String(value))
    }

    private mutating func field(_ name: String, _ value: String) {
        switch name {
        case "event": type = value
        case "data": data.append(value)
        case "id": if !value.unicodeScalars.contains("\0") { idBuffer = value }
        case "retry": if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { retry = Int(value) }
        default: break
        }
    }

    private mutating func dispatch() {
        lastEventID = idBuffer
        defer {
            data = []
            type = ""
        }
        guard !data.isEmpty else { return }
        events.append(
            Event(type: type.isEmpty ? "message" : type, data: data.joined(separator: "\n"), lastEventID: lastEventID))
    }
}
