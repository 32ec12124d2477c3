import Glibc

/// Standard output and standard error as plain descriptors: no buffer, and no lock that another thread may hold.
struct StandardStream {
    let descriptor: Int32

    static let error = StandardStream(descriptor: STDERR_FILENO)
    static let output = StandardStream(descriptor: STDOUT_FILENO)

    /// Writes all of the text; gives up when nobody reads any more.
    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all of the bytes.
    ///
    /// - Returns: whether they were taken. When they weren't nobody reads any more, or `errno` says what else.
    @discardableResult
    func write(_ whole: [UInt8]) -> Bool {
        var bytes = whole[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else {
                if errno == EINTR { continue }
                return false
            }
            bytes = bytes.dropFirst(written)
        }
        return true
    }
}
