/// The payload of the bench's events, which says which event of its channel it is and when it was due:
/// `{"bench":"k3Xz9a","n":17,"due":123456789,"pad":"…"}`. JSON, so that every transport carries the same bytes.
package struct BenchPayload: Sendable {
    /// The shortest, in bytes: the longest numbers and no padding.
    package static let minimumLength = 96

    /// Names a run: six characters that need no escaping anywhere.
    package let run: String
    /// In bytes.
    package let length: Int

    private let prefix: [UInt8]

    package init(run: String, length: Int) {
        self.run = run
        self.length = max(length, Self.minimumLength)
        prefix = Array(#"{"bench":"\#(run)","n":"#.utf8)
    }

    /// - Parameters:
    ///   - number: the event's place on its channel, from 0; -1 for a probe, which counts for nothing.
    ///   - due: when it should have been sent, in nanoseconds of this machine's uptime.
    package func bytes(number: Int, due: UInt64) -> [UInt8] {
        var bytes = prefix
        bytes.reserveCapacity(length)
        bytes += "\(number)".utf8
        bytes += #","due":"#.utf8
        bytes += "\(due)".utf8
        bytes += #","pad":""#.utf8
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: max(0, length - bytes.count - 2)))
        bytes += #""}"#.utf8
        return bytes
    }

    /// - Returns: `nil` for what this run hasn't published.
    package func read(_ bytes: UnsafeRawBufferPointer) -> (number: Int, due: UInt64)? {
        guard bytes.count == length, bytes.starts(with: prefix) else { return nil }
        var index = prefix.count
        let isProbe = bytes[index] == UInt8(ascii: "-")
        if isProbe { index += 1 }
        guard let number = Self.digits(bytes, &index), Self.skip(#","due":"#, bytes, &index),
            let due = Self.digits(bytes, &index), Self.skip(#","pad":""#, bytes, &index)
        else { return nil }
        return (isProbe ? -1 : Int(truncatingIfNeeded: number), due)
    }

    private static func digits(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> UInt64? {
        let start = index
        var value: UInt64 = 0
        while index < bytes.count, (0x30...0x39).contains(bytes[index]), index - start < 20 {
            value = value &* 10 &+ UInt64(bytes[index] - 0x30)
            index += 1
        }
        return index > start ? value : nil
    }

    private static func skip(_ text: StaticString, _ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Bool {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        defer { index = end }
        return text.withUTF8Buffer { $0.elementsEqual(bytes[index..<end]) }
    }
}
