/// The four bytes that a client's frame is masked with (RFC 6455, section 5.3), and how far into them its payload is.
struct MaskingKey {
    /// As it stands in memory: the next payload byte's is the first.
    private var word: UInt32

    /// - Parameter bytes: in the order in which they come.
    init(_ bytes: (UInt8, UInt8, UInt8, UInt8)) {
        word = UInt32(
            littleEndian: UInt32(bytes.0) | UInt32(bytes.1) << 8 | UInt32(bytes.2) << 16 | UInt32(bytes.3) << 24)
    }

    /// Takes the mask off, or puts it on, eight bytes at a step; the next part goes on where this one ends.
    mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
        let whole = UInt64(word) | UInt64(word) << 32
        var index = 0
        while index + 8 <= bytes.count {
            let masked = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            bytes.storeBytes(of: masked ^ whole, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        withUnsafeBytes(of: word) { key in
            for rest in index..<bytes.count { bytes[rest] ^= key[rest & 3] }
        }
        let step = UInt32(bytes.count & 3) * 8
        guard step > 0 else { return }
        let ordered = word.littleEndian
        word = UInt32(littleEndian: ordered >> step | ordered << (32 - step))
    }
}
