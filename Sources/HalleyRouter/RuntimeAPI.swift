import NIOCore
import NIOPosix

/// A client of HAProxy's runtime API: one command on a connection of its own, whose end is the end of the answer.
///
/// The interactive mode would save a connection a command, and cost a protocol in which a prompt can't be told from an
/// answer; the leader sends three commands a second.
struct RuntimeAPI: Sendable {
    /// The longest exchange, connecting included. HAProxy answers within milliseconds; a second try comes a second later.
    static let timeLimit = TimeAmount.seconds(2)
    /// The longest answer, in bytes: the states of over 5,000 servers.
    static let answerLimit = 1 << 20

    let address: RouterAddress
    let group: any EventLoopGroup

    /// Sends a command and returns the whole answer, without the empty lines around it.
    func send(_ command: RuntimeCommand) async throws(RouterError) -> String {
        let loop = group.next()
        let promise = loop.makePromise(of: ByteBuffer.self)
        let deadline = loop.scheduleTask(in: Self.timeLimit) {
            promise.fail(
                RouterError.timedOut(
                    address, command: command.description, milliseconds: Self.timeLimit.nanoseconds / 1_000_000))
        }
        let connecting = connect(on: loop, sending: command, answer: promise)
        connecting.cascadeFailure(to: promise)
        defer {
            deadline.cancel()
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        do {
            let answer = try await promise.futureResult.get()
            return trimmed(String(buffer: answer))
        } catch let error as RouterError {
            throw error
        } catch {
            throw .unreachable(address, cause: String(describing: error))
        }
    }

    /// Sends a command that changes something.
    /// - Throws: ``RouterError/refused(command:answer:)`` unless HAProxy did it.
    @discardableResult
    func perform(_ command: RuntimeCommand) async throws(RouterError) -> String {
        let answer = try await send(command)
        guard command.isSuccess(answer) else {
            throw .refused(command: command.description, answer: String(answer.prefix(200)))
        }
        return answer
    }

    private func connect(
        on loop: any EventLoop, sending command: RuntimeCommand, answer: EventLoopPromise<ByteBuffer>
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(Self.timeLimit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let exchange = RuntimeExchange(command: command, address: address, answer: answer)
                    try channel.pipeline.syncOperations.addHandler(exchange)
                }
            }
        return switch address {
        case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port): bootstrap.connect(host: host, port: port)
        }
    }

    private func trimmed(_ text: String) -> String {
        let body = text.drop { $0.isNewline }
        guard let last = body.lastIndex(where: { !$0.isNewline }) else { return "" }
        return String(body[...last])
    }
}

/// Writes one command and collects bytes until the peer closes.
private final class RuntimeExchange: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let command: RuntimeCommand
    private let address: RouterAddress
    private let answer: EventLoopPromise<ByteBuffer>
    private var collected = ByteBuffer()

    init(command: RuntimeCommand, address: RouterAddress, answer: EventLoopPromise<ByteBuffer>) {
        self.command = command
        self.address = address
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: command.text)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        collected.writeBuffer(&part)
        guard collected.readableBytes <= RuntimeAPI.answerLimit else {
            answer.fail(
                RouterError.answerTooLong(address, command: command.description, limit: RuntimeAPI.answerLimit))
            context.close(promise: nil)
            return
        }
    }

    /// The end of the answer, or of HAProxy: what was read so far is then incomplete, and is caught by whoever parses it.
    func channelInactive(context: ChannelHandlerContext) { answer.succeed(collected) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }
}
