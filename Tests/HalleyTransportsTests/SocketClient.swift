import Glibc
import Testing

/// A client on a real socket, which blocks: for what only a kernel can show. Gives up after ten seconds of silence.
final class SocketClient {
    private let descriptor: Int32
    private(set) var bytes: [UInt8] = []

    /// - Parameter receiveBuffer: how much the kernel holds for a client that doesn't read, in bytes.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7F00_0001).bigEndian)
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Refused(code: errno) }
    }

    /// Nobody accepts.
    struct Refused: Error, Equatable {
        let code: Int32
    }

    deinit { if !isClosed { Glibc.close(descriptor) } }

    private var isClosed = false

    /// Ends with a reset, without a last word.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(descriptor)
        isClosed = true
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            try #require(sent > 0, "send: \(errno)")
            rest = rest.dropFirst(sent)
        }
    }

    /// Says that no more will be sent.
    func closeOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What ended a reading.
    enum End: Equatable {
        /// All that was asked for is there.
        case enough
        /// The server's orderly end.
        case end
        /// An error; `ECONNRESET` most often.
        case error(Int32)
    }

    /// Reads until the bytes are there, or no more come.
    @discardableResult
    func read(until isEnough: ([UInt8]) -> Bool = { _ in false }) -> End {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isEnough(bytes) {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 { return .end }
            guard count > 0 else { return .error(errno) }
            bytes.append(contentsOf: buffer[..<count])
        }
        return .enough
    }

    /// Reads until the text has come so many times.
    @discardableResult
    func read(until text: String, times: Int = 1) -> End {
        var seen = 0
        var scanned = 0
        let text = Array(text.utf8)
        return read { bytes in
            while scanned + text.count <= bytes.count {
                if bytes[scanned..<(scanned + text.count)].elementsEqual(text) { seen += 1 }
                scanned += 1
            }
            return seen >= times
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}
