import HalleyCore
import NIOCore
import NIOPosix
import NIOSSL

/// One client's life: connects, listens, and comes back. Runs only while somebody waits for what it brings; does what
/// ``Course`` decides.
actor Conversation {
    private let channels: [HalleyCore.Channel]
    private let options: HalleyClient.Options
    private var course: Course
    private var standing: Standing
    private var tls: NIOSSLContext?

    // The present connection.
    private var wire: Wire?
    private var place: ServerURL?
    private var answer = Answer(nil)
    /// When the present answer was asked for, and when the connection opened; `nil` while it isn't open.
    private var asked = ContinuousClock.now
    private var opened: ContinuousClock.Instant?
    private var isAsking = false

    /// A wait that was told and is still to be done.
    private var wait: Duration?
    /// Since when there has been no connection.
    private var lostAt = ContinuousClock.now

    /// An answer without an event that comes sooner is none that was waited for.
    private static let shortestPoll = Duration.seconds(1)

    init(apex: ServerURL, channels: [HalleyCore.Channel], options: HalleyClient.Options) {
        self.channels = channels
        self.options = options
        course = Course(apex: apex, channels: channels, options: options)
        standing = Standing(position: options.position)
    }

    /// What comes next, one message at least.
    ///
    /// - Returns: `nil` once the task was cancelled.
    func messages() async throws(HalleyClientError) -> [HalleyClient.Message]? {
        do throws(HalleyClientError) {
            while !Task.isCancelled {
                let messages = try await advance()
                if !messages.isEmpty { return messages }
            }
        } catch {
            hangUp()
            throw error
        }
        hangUp()
        return nil
    }

    private func advance() async throws(HalleyClientError) -> [HalleyClient.Message] {
        if let wait {
            self.wait = nil
            try? await Task.sleep(for: wait)
            return []
        }
        if isAsking { return try await listen() }
        switch course.next(from: standing.position) {
        case .askSession(let url): try await askSession(url)
        case .subscribe(let url): try await subscribe(url)
        case .wait(let duration, let reason):
            if let patience = options.patience, ContinuousClock.now - lostAt + duration > patience {
                throw HalleyClientError(.gaveUp, "no connection for \(patience): \(reason)")
            }
            wait = duration
            return [.state(.waiting(duration, because: reason))]
        }
        return []
    }

    // MARK: - Asking

    private func askSession(_ url: ServerURL) async throws(HalleyClientError) {
        hangUp()
        let token: String?
        do { token = try await options.token?() } catch { return lost("no token: \(error)") }
        guard token?.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) ?? true else {
            throw HalleyClientError(.invalidArgument, "the token isn't printable ASCII without spaces")
        }
        let body = #"{"channels":["\#(channels.map(\.name).joined(separator: "\",\""))"]}"#
        var fields = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        if let token { fields += "Authorization: Bearer \(token)\r\n" }
        do {
            let wire = try await connect(to: url)
            wire.send(Self.head("POST", url, fields) + body)
            var answer = Answer(nil)
            var words: [Answer.Word] = []
            while words.isEmpty {
                if let buffer = try await wire.receive(within: options.connecting) {
                    try buffer.withUnsafeReadableBytes { try answer.take($0, into: &words) }
                } else {
                    try answer.close(into: &words)
                    if words.isEmpty { throw AnswerError("the connection was closed before the answer") }
                }
            }
            guard case .other(let head, let body) = words[0] else { return }
            try course.deskAnswered(head, body, random: .random(in: 0..<1))
        } catch let error as HalleyClientError {
            throw error
        } catch {
            lost("\(url.withoutQuery): \(Self.words(error))")
        }
    }

    private func subscribe(_ url: ServerURL) async throws(HalleyClientError) {
        do {
            if let wire, wire.isOpen, answer.keepsAlive, place.map(url.isSameSite(as:)) ?? false {
                // Another poll.
            } else {
                let wasOpen = opened
                hangUp()
                // A poll's connection may end between two answers, and nothing is lost.
                opened = wasOpen
                wire = try await connect(to: url)
                place = url
                answer = Answer(options.transport, key: options.transport == .websocket ? WebSocketKey.random() : nil)
            }
        } catch let error as HalleyClientError {
            throw error
        } catch {
            return lost("\(url.withoutQuery): \(Self.words(error))")
        }
        standing.begin()
        asked = .now
        isAsking = true
        let fields = answer.key.map(WebSocket.fields) ?? "Accept: \(options.transport.contentType)\r\n"
        wire?.send(Self.head("GET", url, fields))
    }

    private func connect(to url: ServerURL) async throws -> Wire {
        try await Wire.connect(
            to: url, tls: url.isSecure ? try context() : nil, within: options.connecting, readAhead: options.readAhead)
    }

    private func context() throws(HalleyClientError) -> NIOSSLContext {
        if let tls { return tls }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        do {
            if let file = options.certificateAuthorities { configuration.trustRoots = .file(file) }
            let context = try NIOSSLContext(configuration: configuration)
            tls = context
            return context
        } catch {
            let file = options.certificateAuthorities.map { " with the authorities in \($0)" } ?? ""
            throw HalleyClientError(.tls, "TLS can't be set up\(file): \(error)")
        }
    }

    private static func head(_ method: String, _ url: ServerURL, _ fields: String) -> String {
        "\(method) \(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\nUser-Agent: halley-client/\(Version.current)\r\n"
            + "\(fields)\r\n"
    }

    // MARK: - Listening

    private func listen() async throws(HalleyClientError) -> [HalleyClient.Message] {
        guard let wire else {
            isAsking = false
            return []
        }
        var words: [Answer.Word] = []
        var trouble: String?
        do {
            // Only a poll's head may keep us waiting for as long as its events.
            let isPoll = options.transport == .longPoll
            let patience = opened == nil && !isPoll ? options.connecting : options.silence
            if let buffer = try await wire.receive(within: patience) {
                try buffer.withUnsafeReadableBytes { try answer.take($0, into: &words) }
            } else {
                try answer.close(into: &words)
                trouble = "the connection ended"
            }
        } catch {
            trouble = Self.words(error)
        }
        var messages: [HalleyClient.Message] = []
        for word in words where isAsking { try heed(word, &messages) }
        if let trouble, isAsking { lost(trouble) }
        return messages
    }

    private func heed(
        _ word: Answer.Word, _ messages: inout [HalleyClient.Message]
    ) throws(HalleyClientError) {
        switch word {
        case .accepted(let head): _ = try course.eventsAnswered(head, [], random: .random(in: 0..<1))
        case .open(let resume):
            guard opened == nil else { return }
            opened = .now
            messages.append(.state(.open(resume ?? (standing.position == nil ? .fresh : .durableOnly))))
        case .reply(let bytes): wire?.send(bytes)
        case .message(let message):
            if standing.admits(message) { messages.append(message) }
        case .other(let head, let body):
            isAsking = false
            hangUp()
            _ = try course.eventsAnswered(head, body, random: .random(in: 0..<1))
        case .end where options.transport != .longPoll:
            lost("the server ended the stream")
        case .end:
            isAsking = false
            // A server that answers at once with nothing is asked again like one that doesn't answer.
            if messages.contains(where: \.isNews) || ContinuousClock.now - asked > Self.shortestPoll {
                course.polled()
            } else {
                lost("an empty answer came at once")
            }
        }
    }

    private func lost(_ reason: String) {
        let lasted = opened.map { ContinuousClock.now - $0 } ?? .zero
        course.lost(because: reason, after: lasted, atLeast: answer.retry ?? .zero, .random(in: 0..<1))
        isAsking = false
        hangUp()
    }

    private func hangUp() {
        if options.transport == .websocket, opened != nil { wire?.send(WebSocketFrames.close) }
        wire?.close()
        wire = nil
        if opened != nil { lostAt = .now }
        opened = nil
        answer = Answer(nil)
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case WireError.silent: "nothing was heard for too long"
        case let error as NIOConnectionError:
            (error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError).map(words)
                ?? "\(error.host) can't be reached"
        default: "\(error)".split(whereSeparator: \.isNewline).first.map(String.init) ?? "an error without words"
        }
    }
}

extension HalleyClient.Message {
    fileprivate var isNews: Bool {
        switch self {
        case .event, .gap: true
        case .position, .state: false
        }
    }
}
