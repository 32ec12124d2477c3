import NIOCore

/// Options of `tcp(7)` that NIO has no name for. The numbers are Linux' ABI (`linux/tcp.h`).
enum TCPOption {
    /// TCP_NOTSENT_LOWAT: how many unsent bytes the kernel takes before it says that it is full. Without it a client that
    /// doesn't read hides 3.9 MB in the kernel before anybody knows.
    static let notSentLowWater = ChannelOptions.socket(level, 25)
    /// TCP_USER_TIMEOUT, in milliseconds: how long sent bytes may go unacknowledged before the peer counts as dead. The
    /// kernel's own patience is about a quarter of an hour.
    static let userTimeout = ChannelOptions.socket(level, 18)

    /// IPPROTO_TCP.
    private static let level = SocketOptionLevel(6)
}
