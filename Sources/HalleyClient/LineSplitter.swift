/// Cuts a stream of bytes into lines. A line that came whole isn't copied.
package struct LineSplitter {
    /// Whether CR ends a line as well, alone or before LF, as in SSE.
    private let takesCR: Bool
    private var pending: [UInt8] = []
    private var skipsLF = false

    /// In bytes: the largest payload, a mebibyte, with every byte escaped.
    private static let maximumLine = 8 << 20

    package init(takesCR: Bool) { self.takesCR = takesCR }

    /// Gives the next whole line of `rest`, which is moved on, to `use`.
    ///
    /// - Returns: what `use` returned; `nil` when more bytes are needed.
    package mutating func next<Result>(
        _ rest: inout UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        if skipsLF, let first = rest.first {
            skipsLF = false
            if first == 0x0A { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst()) }
        }
        let end = takesCR ? rest.firstIndex { $0 == 0x0A || $0 == 0x0D } : rest.firstIndex(of: 0x0A)
        guard let end else {
            guard pending.count + rest.count <= Self.maximumLine else { throw AnswerError("a line is over 8 MiB long") }
            pending.append(contentsOf: rest)
            rest = UnsafeRawBufferPointer(rebasing: rest.suffix(0))
            return nil
        }
        skipsLF = rest[end] == 0x0D
        let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        guard !pending.isEmpty else { return try use(line) }
        pending.append(contentsOf: line)
        // Let go, not kept: an idle connection costs no buffer.
        let whole = pending
        pending = []
        return try whole.withUnsafeBytes(use)
    }
}
