import FreePort
import NIOCore
import NIOPosix
import Synchronization

/// A server that does what a test tells it, and remembers what it was asked.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        /// Names in lower case.
        let fields: [String: String]
        let body: String

        func item(_ name: String) -> String? {
            target.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("\(name)=") }
                .map { String($0.dropFirst(name.count + 1)) }
        }
    }

    /// Answers a request on its connection; the number counts requests from 0.
    typealias Script = @Sendable (Int, Request, any Channel) -> Void

    let url: String
    private let listener: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
        let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    }

    init(_ script: @escaping Script) async throws {
        let log = Log()
        self.log = log
        listener = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                log.open.withLock { $0[ObjectIdentifier(channel)] = channel }
                channel.closeFuture.whenComplete { _ in
                    log.open.withLock { $0[ObjectIdentifier(channel)] = nil }
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Desk { request in
                            let number = log.requests.withLock { requests in
                                requests.append(request)
                                return requests.count - 1
                            }
                            script(number, request, channel)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: FreePort.next()).get()
        url = "http://127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    var requests: [Request] { log.requests.withLock { $0 } }

    /// How many connections are open.
    var connections: Int { log.open.withLock { $0.count } }

    func stop() async throws {
        try await listener.close()
        for channel in log.open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    private final class Desk: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var pending = ""
        private let answer: (Request) -> Void

        init(_ answer: @escaping (Request) -> Void) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            pending += String(buffer: unwrapInboundIn(data))
            while let end = pending.range(of: "\r\n\r\n") {
                let lines = pending[..<end.lowerBound].split(separator: "\r\n")
                let words = lines[0].split(separator: " ")
                var fields: [String: String] = [:]
                for line in lines.dropFirst() {
                    let halves = line.split(separator: ":", maxSplits: 1)
                    fields[halves[0].lowercased()] = halves[1].drop { $0 == " " }.description
                }
                let length = fields["content-length"].flatMap { Int($0) } ?? 0
                let rest = pending[end.upperBound...]
                guard rest.utf8.count >= length else { return }
                let body = String(rest.prefix(length))
                pending = String(rest.dropFirst(length))
                answer(Request(method: String(words[0]), target: String(words[1]), fields: fields, body: body))
            }
        }
    }
}

extension String {
    /// Where the text begins; Foundation's is elsewhere.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            // By bytes: CR LF is one character.
            if utf8[start...].starts(with: text.utf8) {
                return start..<utf8.index(start, offsetBy: text.utf8.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}

extension Channel {
    func say(_ text: String) { writeAndFlush(ByteBuffer(string: text), promise: nil) }

    func notFound() { say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") }

    /// A stream's head, and these lines as chunks.
    func stream(_ lines: [String], fields: String = "") {
        say(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\(fields)\r\n"
                + lines.map(Self.chunk).joined())
    }

    static func chunk(_ line: String) -> String { "\(String(line.utf8.count + 1, radix: 16))\r\n\(line)\n\r\n" }
}

/// The n-th durable event of a run, as a line.
func line(_ number: Int, padding: String = "") -> String {
    #"{"id":"\#(number)-0","channel":"news","position":"\#(number)-0.aaaaaa","data":"\#(number)\#(padding)"}"#
}
