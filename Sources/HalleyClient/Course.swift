import HalleyCore

/// What a client does next. Decides, and touches no socket and no clock.
///
/// ```
///   ┌─▶ session ──200──▶ events ──200──▶ open ──┐
///   │      │  └──404────────▲  │ 401            │
///   │      └──wait──┐   wait└──┤                │
///   └───────────────┴──────────┴──◀── lost ─────┘
/// ```
package struct Course {
    package enum Step: Equatable {
        /// `POST` there, with the channels and the token.
        case askSession(ServerURL)
        /// `GET` there.
        case subscribe(ServerURL)
        case wait(Duration, because: String)
    }

    private let apex: ServerURL
    private let channels: [Channel]
    private let transport: HalleyClient.Transport
    /// Where sessions are given, which redirects may move.
    private var desk: ServerURL
    /// Where events are; `nil` before there is a session.
    package private(set) var events: ServerURL?
    /// Whether events are asked for without a session: a worker by itself has none to give.
    private var isDirect = false
    private var hasBeenOpen = false
    private var redirects = 0
    private var retry: Retry
    private var due: (Duration, because: String)?

    /// More in a row than any cluster has.
    private static let longestRedirection = 5
    /// After so many failures in a row at its hostname a session is given up for a new one.
    private static let patienceWithSession = 5
    /// `Retry-After` is heeded up to here.
    private static let longestRetryAfter = Duration.seconds(60)

    package init(apex: ServerURL, channels: [Channel], options: HalleyClient.Options) {
        self.apex = apex
        self.channels = channels
        transport = options.transport
        desk = apex.below("session")
        retry = Retry(first: options.firstRetry, longest: options.longestRetry)
    }

    /// - Parameter position: where the client stands.
    package mutating func next(from position: String?) -> Step {
        if let (wait, reason) = due {
            due = nil
            return .wait(wait, because: reason)
        }
        guard let events else { return .askSession(desk) }
        return .subscribe(
            events.with([
                ("transport", transport.rawValue), ("format", transport == .sse ? "json" : nil), ("position", position),
            ]))
    }

    // MARK: - What came of it

    /// A session was asked for.
    ///
    /// - Throws: ``HalleyClientError`` when asking again wouldn't help.
    package mutating func deskAnswered(_ head: AnswerHead, _ body: [UInt8], random: Double) throws(HalleyClientError) {
        switch head.status {
        case 200:
            guard let url = try? body.withUnsafeBytes(ServerURL.ofSession) else {
                return try refuse(
                    head, HalleyClientError(.notHalley, "\(desk) answered 200, and no session with a url"), random)
            }
            guard !apex.isSecure || url.isSecure else {
                throw HalleyClientError(
                    .notHalley, "\(desk) gave a session without TLS; the coordinators' --public-url must be https://")
            }
            events = url
            redirects = 0
        case 301, 302, 307, 308: desk = try redirection(head, from: desk)
        // A worker gives no sessions, and takes no bodies.
        case 404, 405, 413, 501:
            guard !hasBeenOpen else { return lost(because: "\(desk.withoutQuery) answered \(head.status)", random) }
            isDirect = true
            events = apex.below("events").adding("channel", channels.map(\.name))
        default: try refuse(head, Self.refusal(desk, head, body), random)
        }
    }

    /// Events were asked for.
    ///
    /// - Returns: whether they come now.
    /// - Throws: ``HalleyClientError`` when asking again wouldn't help.
    package mutating func eventsAnswered(_ head: AnswerHead, _ body: [UInt8], random: Double) throws(HalleyClientError)
        -> Bool
    {
        guard let url = events else { return false }
        guard !transport.isServed(by: head) else {
            redirects = 0
            hasBeenOpen = true
            return true
        }
        switch head.status {
        case 200:
            let type = head.fields["content-type"] ?? "nothing"
            try refuse(
                head,
                HalleyClientError(
                    .notHalley, "\(url.withoutQuery) answered with \(type); expected \(transport.contentType)"),
                random)
        case 301, 302, 307, 308:
            // What is asked for again next time is asked for there; what this client added it adds itself.
            events = try redirection(head, from: url).with([("position", nil)])
        case 401 where !isDirect:
            // The ticket is refused: it expired too long ago, or the keys are others.
            events = nil
            lost(because: "the ticket was refused", random)
        default: try refuse(head, Self.refusal(url, head, body), random)
        }
        return false
    }

    /// Where the events were asked for, there was an answer to a poll. The next may be asked for at once.
    package mutating func polled() { retry.reset() }

    /// A connection ended, or there was none.
    ///
    /// - Parameters:
    ///   - lasting: how long it was open.
    ///   - atLeast: how long the server wants to be left alone.
    package mutating func lost(
        because reason: String, after lasting: Duration = .zero, atLeast: Duration = .zero, _ random: Double
    ) {
        if lasting >= Retry.proof { retry.reset() }
        due = (min(atLeast, Self.longestRetryAfter) + retry.next(random: random), reason)
        redirects = 0
        if !isDirect, retry.failures.isMultiple(of: Self.patienceWithSession) { events = nil }
    }

    // MARK: - Answers

    private mutating func redirection(_ head: AnswerHead, from url: ServerURL) throws(HalleyClientError) -> ServerURL {
        redirects += 1
        guard redirects <= Self.longestRedirection else {
            throw HalleyClientError(.notHalley, "\(url.withoutQuery) redirects over \(Self.longestRedirection) times")
        }
        guard let target = head.fields["location"].flatMap({ url.following($0) }) else {
            throw HalleyClientError(.notHalley, "\(url.withoutQuery) redirects to no http:// or https:// URL")
        }
        guard !url.isSecure || target.isSecure else {
            throw HalleyClientError(.notHalley, "\(url.withoutQuery) redirects from https:// to http://")
        }
        return target
    }

    private static func refusal(_ url: ServerURL, _ head: AnswerHead, _ body: [UInt8]) -> HalleyClientError {
        // Halley says `{"error":"…"}`; a proxy may say anything.
        let words = String(decoding: body.prefix(200), as: UTF8.self).map { $0.isASCII && $0 >= " " ? $0 : " " }
        let text = String(words).split(separator: " ").joined(separator: " ")
        return HalleyClientError(
            .refused(status: head.status),
            "\(url.withoutQuery) answered \(head.status)\(text.isEmpty ? "" : ": \(text)")")
    }

    private mutating func refuse(
        _ head: AnswerHead, _ error: HalleyClientError, _ random: Double
    ) throws(HalleyClientError) {
        switch head.status {
        // Said in a hurry, or by a proxy whose server is away.
        case 408, 425, 429, 500...: break
        // Its own fault, for good.
        case 400, 401, 403, 414, 431: throw error
        // What has worked may work again: proxies say such things while they are renewed.
        default: guard hasBeenOpen else { throw error }
        }
        let seconds = head.fields["retry-after"].flatMap { Int64($0) } ?? 0
        lost(because: error.description, atLeast: .seconds(max(0, min(seconds, 3_600))), random)
    }
}

extension ServerURL {
    /// Where a session's events are, as `POST /session` is answered: `{"url":"https://…","ticket":"…",…}`.
    package static func ofSession(_ body: UnsafeRawBufferPointer) throws -> ServerURL {
        var found: ServerURL?
        var cursor = JSONCursor(body)
        try cursor.object { name, cursor in
            guard name.elementsEqual("url".utf8) else {
                _ = try cursor.value()
                return
            }
            found = ServerURL(String(decoding: try JSONString.unescaped(cursor.string()), as: UTF8.self))
        }
        guard let found else { throw AnswerError("a session has no url that begins with http:// or https://") }
        return found
    }
}

extension HalleyClient.Transport {
    /// What an answer's `Content-Type` says.
    package var contentType: String {
        switch self {
        case .stream: "application/x-ndjson"
        case .sse: "text/event-stream"
        case .longPoll: "application/json"
        case .websocket: "an upgrade"
        }
    }

    /// Whether an answer with this head brings events.
    package func isServed(by head: AnswerHead) -> Bool {
        self == .websocket ? head.status == 101 : head.status == 200 && head.has(contentType, in: "content-type")
    }
}
