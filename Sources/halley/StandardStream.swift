import Glibc

/// Standard output and standard error as plain descriptors: no buffer, and no lock that another thread may hold.
struct StandardStream {
    let descriptor: Int32

    static let error = StandardStream(descriptor: STDERR_FILENO)
    static let output = StandardStream(descriptor: STDOUT_FILENO)

    /// Writes all of the text; gives up when nobody reads any more.
    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(written)
        }
    }
}
