import ArgumentParser
import Glibc

/// The lines of standard input as bytes, without their ends (LF or CR LF): `readLine` would repair what is no UTF-8.
struct StandardInputLines: IteratorProtocol {
    private var bytes: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Everything from `start` to here holds no LF.
    private var scanned = 0
    private var isAtEnd = false

    /// How much is read at a time, in bytes: what a pipe holds on Linux.
    private static let chunk = 65_536

    /// As over HTTP, in bytes.
    private static let maximumPayload = 1 << 20

    mutating func next() -> [UInt8]? {
        while true {
            if let end = bytes[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    start = end + 1
                    scanned = start
                }
                return line(upTo: end)
            }
            guard !isAtEnd else {
                defer { start = bytes.count }
                scanned = bytes.count
                return start < bytes.count ? line(upTo: bytes.count) : nil
            }
            read()
        }
    }

    /// All of it.
    ///
    /// - Throws: when it is more than an event may have.
    static func whole() throws -> [UInt8] {
        var lines = StandardInputLines()
        while !lines.isAtEnd {
            lines.read()
            guard lines.bytes.count <= maximumPayload else {
                throw ValidationError("standard input is over 1 MiB, more than an event's payload may have")
            }
        }
        return lines.bytes
    }

    private func line(upTo end: Int) -> [UInt8] {
        let line = bytes[start..<end]
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }

    private mutating func read() {
        bytes.removeSubrange(..<start)
        start = 0
        scanned = bytes.count
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            var received: Int
            repeat {
                received = Glibc.read(STDIN_FILENO, buffer.baseAddress, Self.chunk)
            } while received < 0 && errno == EINTR
            count = max(0, received)
        }
        isAtEnd = chunk.isEmpty
        bytes += chunk
    }
}
