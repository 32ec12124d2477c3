import HalleyClient
import HalleyCore
import NIOCore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    private func client(
        _ url: String, _ change: (inout HalleyClient.Options) -> Void = { _ in }
    ) throws -> HalleyClient {
        var options = HalleyClient.Options()
        options.firstRetry = .milliseconds(5)
        options.longestRetry = .milliseconds(20)
        change(&options)
        return try HalleyClient(url: url, channels: ["news"], options: options)
    }

    /// The texts of the first events.
    private func events(_ count: Int, of client: HalleyClient) async throws -> [String] {
        var texts: [String] = []
        for try await case .event(let event) in client {
            texts.append(event.text)
            if texts.count == count { break }
        }
        return texts
    }

    private func eventually(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "never happened")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test(arguments: HalleyClient.Transport.allCases) func itComesBackWithItsPosition(
        transport: HalleyClient.Transport
    ) async throws {
        // Two events a connection; what is asked for after a position begins behind it, and once before it.
        let server = try await ScriptedServer { number, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            let from = request.item("position").flatMap { Int($0.prefix { $0 != "-" }) } ?? 0
            let numbers = [from == 4 ? 4 : from + 1, from + 2]
            switch transport {
            case .stream: channel.stream(numbers.map { line($0) })
            case .websocket:
                #expect(request.fields["sec-websocket-version"] == "13")
                let proof = WebSocketKey.answer(to: request.fields["sec-websocket-key"] ?? "")
                channel.say(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: \(proof)\r\n\r\n")
                for text in [#"{"subscribed":{"channels":["news"],"resume":"complete"}}"#] + numbers.map({ line($0) }) {
                    channel.writeAndFlush(ByteBuffer(bytes: frame(0x81, text)), promise: nil)
                }
            case .sse:
                #expect(request.item("format") == "json")
                channel.say(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 1\n\n"
                        + numbers.map { "id: \($0)-0.aaaaaa\nevent: news\ndata: \(line($0))\n\n" }.joined())
            case .longPoll:
                let body =
                    #"{"position":"\#(numbers[1])-0.aaaaaa","events":[\#(numbers.map { line($0) }.joined(separator: ","))]}"#
                channel.say(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                return
            }
            channel.close(promise: nil)
        }
        let client = try client(server.url) { $0.transport = transport }
        // 4 comes again, and is dropped.
        #expect(try await events(9, of: client) == ["1", "2", "3", "4", "6", "7", "8", "9", "10"])
        #expect(server.requests[0].method == "POST" && server.requests[0].body == #"{"channels":["news"]}"#)
        #expect(server.requests[1].method == "GET" && server.requests[1].item("position") == nil)
        #expect(server.requests[2].item("position") == "2-0.aaaaaa")
        try await server.stop()
    }

    @Test func itBeginsWhereItIsTold() async throws {
        let server = try await ScriptedServer { _, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream([line(6)], fields: "Halley-Resume: durable-only\r\n")
        }
        let client = try client(server.url) { $0.position = "5-0.aaaaaa" }
        var iterator = client.makeAsyncIterator()
        #expect(try await iterator.next() == .state(.open(.durableOnly)))
        let message = try await iterator.next()
        #expect(message?.position == "6-0.aaaaaa")
        #expect(server.requests[1].item("position") == "5-0.aaaaaa")
        try await server.stop()
    }

    @Test func statesAreTold() async throws {
        let server = try await ScriptedServer { number, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            switch number {
            case 1: channel.say("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
            case 2:
                channel.stream([#"{"position":"1-0.aaaaaa"}"#, ""])
                channel.say("0\r\n\r\n")
            default: channel.stream([line(2)], fields: "Halley-Resume: complete\r\n")
            }
        }
        var messages: [HalleyClient.Message] = []
        for try await message in try client(server.url) {
            messages.append(message)
            if case .event = message { break }
        }
        guard case .state(.waiting(_, let busy)) = messages[0], case .state(.waiting(_, let over)) = messages[3] else {
            Issue.record("\(messages)")
            return
        }
        #expect(busy.hasSuffix("/events answered 503: busy") && over == "the server ended the stream")
        #expect(Array(messages[1...2]) == [.state(.open(.fresh)), .position("1-0.aaaaaa")])
        #expect(messages[4] == .state(.open(.complete)) && messages.count == 6)
        try await server.stop()
    }

    @Test func garbageEndsAConnectionAndNothingElse() async throws {
        let server = try await ScriptedServer { number, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            switch number {
            case 1: channel.stream([line(1), "{\"position\":", line(2)])
            case 2: channel.say("SSH-2.0-OpenSSH_9.2\r\n\r\n")
            case 3: channel.stream([line(2)]); channel.say("zz\r\n")
            case 4: channel.close(promise: nil)
            default: channel.stream([line(3)])
            }
        }
        #expect(try await events(3, of: client(server.url)) == ["1", "2", "3"])
        try await server.stop()
    }

    @Test func silenceCountsAsDeath() async throws {
        let server = try await ScriptedServer { number, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream(number == 1 ? [line(1)] : [line(2)])
        }
        let client = try client(server.url) { $0.silence = .milliseconds(50) }
        #expect(try await events(2, of: client) == ["1", "2"])
        try await server.stop()
    }

    @Test func aTicketThatIsRefusedIsChangedForANewSession() async throws {
        let server = try await ScriptedServer { number, request, channel in
            let host = request.fields["host"] ?? ""
            if request.method == "POST" {
                let body = "{\"url\":\"http://\(host)/events?channel=news&ticket=\(number)\"}"
                channel.say("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            } else if number == 1 {
                channel.stream([line(1)])
                channel.close(promise: nil)
            } else if request.item("ticket") == "0" {
                channel.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            } else {
                channel.stream([line(2)])
            }
        }
        let given = Mutex(0)
        // The client keeps the closure; the test waits for its end.
        let tokens = Tokens(given)
        let client = try client(server.url) { $0.token = { tokens.next() } }
        #expect(try await events(2, of: client) == ["1", "2"])
        let posts = server.requests.filter { $0.method == "POST" }
        #expect(posts.map { $0.fields["authorization"] } == ["Bearer t1", "Bearer t2"])
        #expect(server.requests.filter { $0.method == "GET" }.allSatisfy { $0.fields["authorization"] == nil })
        try await server.stop()
    }

    private final class Tokens: Sendable {
        let given: Mutex<Int>
        init(_ given: consuming Mutex<Int>) { self.given = given }
        func next() -> String {
            given.withLock { given in
                given += 1
                return "t\(given)"
            }
        }
    }

    @Test func redirectsAreFollowed() async throws {
        let server = try await ScriptedServer { number, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            if request.target.hasPrefix("/events") {
                channel.say(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere?channel=news&ticket=x\r\nContent-Length: 2\r\n\r\nno"
                )
            } else {
                channel.stream([line(number)])
                channel.close(promise: nil)
            }
        }
        #expect(try await events(2, of: client(server.url)) == ["2", "3"])
        #expect(server.requests[3].target == "/elsewhere?channel=news&ticket=x&transport=stream&position=2-0.aaaaaa")
        try await server.stop()
    }

    @Test func aCancellationEndsTheConnectionAndTheSequence() async throws {
        let server = try await ScriptedServer { _, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream([line(1)])
        }
        let client = try client(server.url)
        let task = Task {
            var count = 0
            for try await case .event in client { count += 1 }
            return count
        }
        try await eventually { server.requests.count == 2 }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        #expect(try await task.value <= 1)
        try await eventually { server.connections == 0 }
        try await server.stop()
    }

    @Test func aCancellationEndsAConnectionThatIsOnlyBegun() async throws {
        // An address that nobody answers from.
        let client = try client("http://192.0.2.1:9")
        let task = Task { for try await _ in client {} }
        try await Task.sleep(for: .milliseconds(20))
        let began = ContinuousClock.now
        task.cancel()
        try await task.value
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func theEndOfTheLoopClosesTheConnection() async throws {
        let server = try await ScriptedServer { _, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream([line(1)])
        }
        #expect(try await events(1, of: client(server.url)) == ["1"])
        try await eventually { server.connections == 0 }
        try await server.stop()
    }

    @Test func whoIsSlowIsNotReadFor() async throws {
        let written = Written()
        let padding = String(repeating: "x", count: 10_000)
        let total = 4_000
        let server = try await ScriptedServer { _, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream([])
            // One event after the other, as the socket takes them.
            @Sendable func next(_ number: Int) {
                guard number <= total else { return }
                let chunk = type(of: channel).chunk(line(number, padding: padding))
                channel.writeAndFlush(ByteBuffer(string: chunk)).whenSuccess {
                    written.bytes.add(chunk.utf8.count, ordering: .relaxed)
                    next(number + 1)
                }
            }
            next(1)
        }
        var count = 0
        for try await case .event(let event) in try client(server.url) {
            count += 1
            #expect(event.text.prefix { $0 != "x" } == "\(count)")
            if count == 1 {
                // Until what the two sockets hold is full and nothing moves any more.
                var before = -1
                while before != written.bytes.load(ordering: .relaxed) {
                    before = written.bytes.load(ordering: .relaxed)
                    try await Task.sleep(for: .milliseconds(200))
                }
                #expect(before < total * padding.utf8.count / 2, "the kernel's buffers, and not the whole")
            }
            if count == total { break }
        }
        #expect(count == total)
        try await server.stop()
    }

    private final class Written: Sendable { let bytes = Atomic<Int>(0) }

    @Test func patienceEnds() async throws {
        let server = try await ScriptedServer { _, _, channel in channel.close(promise: nil) }
        let client = try client(server.url) { $0.patience = .milliseconds(100) }
        let error = await #expect(throws: HalleyClientError.self) { for try await _ in client {} }
        #expect(error?.code == .gaveUp)
        try await server.stop()
    }

    @Test func aRefusalForGoodEnds() async throws {
        let server = try await ScriptedServer { _, _, channel in
            channel.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        }
        let error = await #expect(throws: HalleyClientError.self) { for try await _ in try client(server.url) {} }
        #expect(error?.code == .refused(status: 403))
        try await server.stop()
    }

    @Test func eachLoopIsASubscriberOfItsOwn() async throws {
        let server = try await ScriptedServer { _, request, channel in
            guard request.method == "GET" else { return channel.notFound() }
            channel.stream([line(1), line(2)])
        }
        let client = try client(server.url)
        async let first = events(2, of: client)
        async let second = events(2, of: client)
        #expect(try await first == second)
        try await server.stop()
    }

    @Test func whatCantBeRightIsSaidAtOnce() {
        for (url, channels) in [
            ("ftp://a", ["news"]), ("http://a", []), ("http://a", ["two words"]), ("http://a", ["open"]),
            ("http://a", (0..<65).map { "c\($0)" }),
        ] {
            let error = #expect(throws: HalleyClientError.self) { try HalleyClient(url: url, channels: channels) }
            #expect(error?.code == .invalidArgument)
        }
        for position in ["", "a b", "a\r\nHost: b", String(repeating: "x", count: 513)] {
            #expect(throws: HalleyClientError.self) { try client("http://a") { $0.position = position } }
        }
        #expect(throws: HalleyClientError.self) { try client("http://a") { $0.silence = .zero } }
    }
}
