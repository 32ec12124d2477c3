import HalleyClient
import HalleyCore
import NIOCore
import NIOPosix

import struct HalleyCore.Channel

/// Asks for sessions over one kept connection, one at a time: `POST /session` at the apex.
final class SessionDesk: Sendable {
    private let apex: ServerURL
    private let eventLoop: any EventLoop
    private let addresses: HostAddresses
    private let line: NIOLoopBoundBox<SessionLine?>

    init(apex: ServerURL, eventLoop: any EventLoop, threads: NIOThreadPool) async throws {
        self.apex = apex
        self.eventLoop = eventLoop
        addresses = try await eventLoop.submit { HostAddresses(on: eventLoop, threads: threads) }.get()
        line = .makeEmptyBox(valueType: SessionLine.self, eventLoop: eventLoop)
    }

    /// How often one session is asked for: a coordinator may be renewed meanwhile.
    private static let attempts = 5

    /// - Returns: the URL that the session came with.
    /// - Throws: ``BenchError`` with what was answered.
    func session(channel: Channel) async throws -> ServerURL {
        var trouble = "nobody answered"
        for attempt in 1...Self.attempts {
            do {
                let (head, body) = try await ask(channel)
                guard head.status == 200 else {
                    trouble = "answered \(head.status): \(String(decoding: body.prefix(200), as: UTF8.self))"
                    if head.status < 500 { break }
                    try await Task.sleep(for: .milliseconds(200 * attempt))
                    continue
                }
                let url = try body.withUnsafeBytes(ServerURL.ofSession)
                guard !url.isSecure else { throw AnswerError("the session's url doesn't begin with http://") }
                return url
            } catch let error as CancellationError {
                throw error
            } catch {
                trouble = "\(error)"
                try await Task.sleep(for: .milliseconds(200 * attempt))
            }
        }
        throw BenchError("POST \(apex)/session: \(trouble.filter { !$0.isNewline })")
    }

    private func ask(_ channel: Channel) async throws -> (AnswerHead, [UInt8]) {
        let body = #"{"channels":["\#(channel)"]}"#
        let request =
            "POST /session HTTP/1.1\r\nHost: \(apex.authority)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\nUser-Agent: halley-bench\r\n\r\n\(body)"
        return try await eventLoop.flatSubmit { self.connected().flatMap { $0.ask(request) } }.get()
    }

    private func connected() -> EventLoopFuture<SessionLine> {
        if let line = line.value, line.isUsable { return eventLoop.makeSucceededFuture(line) }
        let eventLoop = eventLoop
        return addresses.addresses(of: apex).flatMap { addresses in
            Self.connect(addresses[...], on: eventLoop).map { line in
                self.line.value = line
                return line
            }
        }
    }

    private static func connect(
        _ addresses: ArraySlice<SocketAddress>, on eventLoop: any EventLoop
    ) -> EventLoopFuture<SessionLine> {
        guard let address = addresses.first else { return eventLoop.makeFailedFuture(BenchError("it has no address")) }
        return ClientBootstrap(group: eventLoop).connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(to: address)
            .flatMapThrowing { channel in
                let handler = SessionHandler()
                try channel.pipeline.syncOperations.addHandler(handler)
                return SessionLine(channel: channel, handler: NIOLoopBound(handler, eventLoop: eventLoop))
            }.flatMapError { error in
                addresses.count > 1 ? connect(addresses.dropFirst(), on: eventLoop) : eventLoop.makeFailedFuture(error)
            }
    }
}

/// One connection of a desk's.
private struct SessionLine: Sendable {
    let channel: any NIOCore.Channel
    let handler: NIOLoopBound<SessionHandler>

    var isUsable: Bool { channel.isActive && handler.value.isUsable }

    func ask(_ request: String) -> EventLoopFuture<(AnswerHead, [UInt8])> {
        let promise = channel.eventLoop.makePromise(of: (AnswerHead, [UInt8]).self)
        handler.value.promise = promise
        channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
        // A coordinator answers at once.
        let timeout = channel.eventLoop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
        promise.futureResult.whenComplete { _ in timeout.cancel() }
        return promise.futureResult
    }
}

private final class SessionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var promise: EventLoopPromise<(AnswerHead, [UInt8])>?
    private(set) var isUsable = true
    private var answer = AnswerReader()
    private var head: AnswerHead?
    private var body: [UInt8] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
                var rest = bytes
                while let part = try answer.next(&rest) {
                    switch part {
                    case .head(let head): self.head = head
                    case .body(let bytes):
                        guard body.count + bytes.count <= 65_536 else { throw AnswerError("a session is over 64 KiB") }
                        body.append(contentsOf: bytes)
                    case .end: finish()
                    }
                }
            }
        } catch {
            end(error)
            context.close(promise: nil)
        }
    }

    private func finish() {
        guard let head else { return }
        if head.has("close", in: "connection") { isUsable = false }
        promise?.succeed((head, body))
        promise = nil
        self.head = nil
        body = []
    }

    func channelInactive(context: ChannelHandlerContext) {
        if answer.mayEnd { finish() }
        end(AnswerError("the connection was closed before the answer"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(error)
        context.close(promise: nil)
    }

    private func end(_ error: any Error) {
        isUsable = false
        promise?.fail(error)
        promise = nil
    }
}
