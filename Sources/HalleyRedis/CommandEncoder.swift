import CHiredis
import NIOCore

/// Commands as bytes for the wire, formatted by hiredis.
package enum CommandEncoder {
    /// The largest command, in bytes of its arguments: 64 MiB. hiredis 0.14 counts in `int` and would wrap at 2 GiB; Redis
    /// itself refuses an argument over 512 MB (`proto-max-bulk-len`); nothing sane comes near either.
    package static let maximumSize = 64 << 20

    /// - Throws: ``RedisError/commandTooLarge(bytes:limit:)``
    package static func encode(_ command: RedisCommand, into buffer: inout ByteBuffer) throws(RedisError) {
        let size = command.content.count
        guard size <= maximumSize else { throw .commandTooLarge(bytes: size, limit: maximumSize) }
        var formatted: UnsafeMutablePointer<CChar>?
        // Lengths go beside the pointers (`argvlen`), never `%b` or `strlen`: arguments hold NUL and `%`. The pointers
        // are good inside the closure only, and hiredis copies what they point at before it returns.
        let length = command.content.withUnsafeBytes { content in
            var next = content.baseAddress?.assumingMemoryBound(to: CChar.self)
            var pointers: [UnsafePointer<CChar>?] = []
            pointers.reserveCapacity(command.lengths.count)
            for length in command.lengths {
                pointers.append(next ?? UnsafePointer(emptyArgument))
                next = next.map { $0 + length }
            }
            return Int(redisFormatCommandArgv(&formatted, Int32(pointers.count), &pointers, command.lengths))
        }
        // hiredis says -1, or 0 in some versions, when malloc failed; nobody can go on then.
        guard length > 0, let formatted else { fatalError("no memory to format a Redis command of \(size) bytes") }
        buffer.writeBytes(UnsafeRawBufferPointer(start: formatted, count: length))
        redisFreeCommand(formatted)
    }

    /// Stands for the content of a command whose only arguments are empty. An empty array has no address, and C's
    /// `memcpy` wants one even to copy nothing. Allocated once, never written, never freed: safe from every thread.
    nonisolated(unsafe) private static let emptyArgument: UnsafeMutablePointer<CChar> = {
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        pointer.initialize(to: 0)
        return pointer
    }()
}
