import CHiredis
import NIOCore

/// Reads replies out of a stream of bytes, however they are cut. hiredis parses; values are built as it goes, without
/// its own tree of `redisReply`.
///
/// Not safe against concurrent use: it belongs to one connection on one event loop.
package final class ReplyReader {
    /// The largest reply, in bytes on the wire: 64 MiB. What a server says may not fill our memory.
    package static let maximumReplySize = 64 << 20

    /// How much hiredis is given at once. Beyond 16 KiB it keeps a larger buffer of its own, and is slower.
    private static let slice = 16 << 10

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let maximumReplySize: Int

    /// Arrays that have begun, the outermost first. hiredis refuses to nest deeper than 7 or 8.
    private var open: [(missing: Int, elements: [RESPValue])] = []
    private var finished: RESPValue?
    /// Bytes of the reply that isn't finished yet, those that hiredis has consumed included.
    private var unfinishedSize = 0

    package init(maximumReplySize: Int = ReplyReader.maximumReplySize) {
        self.maximumReplySize = maximumReplySize
        // hiredis keeps the table's address for as long as the reader lives, so the table is on the heap and freed
        // after the reader.
        functions = .allocate(capacity: 1)
        functions.initialize(to: ReplyReader.makeFunctions())
        guard let reader = redisReaderCreateWithFunctions(functions) else { fatalError("no memory for a reply reader") }
        self.reader = reader
        // Unretained: hiredis hands the pointer back only to the callbacks, which run inside redisReaderGetReply, which
        // only `next()` calls, on `self`. So `self` lives whenever the pointer is used.
        reader.pointee.privdata = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
        functions.deinitialize(count: 1)
        functions.deallocate()
    }

    /// Reads what came, and calls `body` for each reply that is complete with it.
    /// - Throws: ``RedisError/protocolViolation(_:)``; the stream can't be read on then.
    package func read(_ bytes: UnsafeRawBufferPointer, _ body: (RESPValue) -> Void) throws(RedisError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.slice)
            rest = rest.dropFirst(Self.slice)
            unfinishedSize += part.count
            // hiredis copies the bytes before it returns.
            UnsafeRawBufferPointer(rebasing: part).withMemoryRebound(to: CChar.self) { characters in
                _ = redisReaderFeed(reader, characters.baseAddress, characters.count)
            }
            while let value = try next() { body(value) }
            guard unfinishedSize <= maximumReplySize else {
                throw .protocolViolation("a reply of over \(maximumReplySize) bytes")
            }
        }
    }

    private func next() throws(RedisError) -> RESPValue? {
        var token: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &token) == REDIS_OK else { throw .protocolViolation(complaint) }
        guard token != nil, let value = finished else { return nil }
        finished = nil
        unfinishedSize = Int(reader.pointee.len) - Int(reader.pointee.pos)
        return value
    }

    /// hiredis' own words: a C string in an array of 128.
    private var complaint: String {
        withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    // MARK: - Building values

    private func add(_ value: RESPValue) {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return }
            value = .array(open.removeLast().elements)
        }
        finished = value
    }

    private func beginArray(count: Int) {
        guard count > 0 else { return add(.array([])) }
        var elements: [RESPValue] = []
        // No more than that: `*2147483647` costs its sender eleven bytes and would cost us gigabytes.
        elements.reserveCapacity(min(count, 4))
        open.append((missing: count, elements: elements))
    }

    // MARK: - What hiredis calls

    private static func makeFunctions() -> redisReplyObjectFunctions {
        // Zeroed and then filled by name, never by the memberwise initialiser: hiredis 1.x has more members, and calls
        // none that is NULL. Types of lengths are inferred, for they differ between 0.14 and 1.x.
        var functions = redisReplyObjectFunctions()
        functions.createString = { task, characters, length in
            // The characters are good during this call only: hiredis trims its buffer afterwards. Copied here.
            let bytes = UnsafeRawBufferPointer(start: characters, count: Int(length))
            ReplyReader.of(task)?.add(ReplyReader.value(type: task?.pointee.type ?? 0, bytes))
            return ReplyReader.token
        }
        functions.createArray = { task, count in
            ReplyReader.of(task)?.beginArray(count: Int(count))
            return ReplyReader.token
        }
        functions.createInteger = { task, value in
            ReplyReader.of(task)?.add(.integer(Int64(value)))
            return ReplyReader.token
        }
        functions.createNil = { task in
            ReplyReader.of(task)?.add(.null)
            return ReplyReader.token
        }
        functions.freeObject = { _ in }
        return functions
    }

    private static func value(type: Int32, _ bytes: UnsafeRawBufferPointer) -> RESPValue {
        switch type {
        case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: .error(RedisErrorReply(String(decoding: bytes, as: UTF8.self)))
        default: .bytes(isMessage(bytes) ? message : Array(bytes))
        }
    }

    /// The word that every message begins with: the same bytes for all of them.
    private static let message = Array("message".utf8)

    private static func isMessage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count == message.count && bytes.elementsEqual(message)
    }

    /// What a callback returns in place of an object. hiredis takes NULL for "no memory", and otherwise only hands the
    /// pointer on, to us and to `freeObject`. It is never followed.
    private static var token: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }

    private static func of(_ task: UnsafePointer<redisReadTask>?) -> ReplyReader? {
        task?.pointee.privdata.map { Unmanaged<ReplyReader>.fromOpaque($0).takeUnretainedValue() }
    }
}
