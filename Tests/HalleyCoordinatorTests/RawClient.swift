import Foundation
import NIOCore
import NIOPosix
import RedisFixture

/// A client that sends bytes as they are given, right or wrong, and shows what comes back.
final class RawClient: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    init(port: Int) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Inbox()) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let channel = channel
        inbox = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Inbox.self), eventLoop: channel.eventLoop)
        }.get()
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func close() { channel.close(promise: nil) }

    var received: String {
        get async throws { try await channel.eventLoop.submit { self.inbox.value.text }.get() }
    }

    private var hasEnded: Bool {
        get async throws { try await channel.eventLoop.submit { self.inbox.value.hasEnded }.get() }
    }

    /// All that comes until the server ends it.
    func untilEnd(within patience: Duration = .seconds(5)) async throws -> Answer {
        try await eventually(within: patience) { try await hasEnded }
        let answer = Answer(try await received)
        close()
        return answer
    }

    private final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var text = ""
        var hasEnded = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { text += String(buffer: unwrapInboundIn(data)) }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { hasEnded = true }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) { hasEnded = true }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { hasEnded = true }
    }
}

/// An answer taken apart.
struct Answer {
    let status: Int
    let fields: [String: String]
    let body: String
    /// How many answers there were.
    let count: Int

    init(_ text: String) {
        count = text.matches(of: #/HTTP\/1\.1 [0-9]{3} /#).count
        let halves = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = halves[0].split(separator: "\r\n")
        status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        self.fields = fields
        body = halves.count == 2 ? String(halves[1]) : ""
    }
}
