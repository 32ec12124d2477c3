import HalleyCore

/// A subscriber of a Halley cluster: an asynchronous sequence of what is published on its channels.
///
/// ```swift
/// let client = try HalleyClient(url: "https://push.example.com", channels: ["news"])
/// for try await message in client {
///     switch message {
///     case .event(let event): show(event.text)
///     case .gap: reload()
///     case .position, .state: break
///     }
///     keep(message.position)
/// }
/// ```
///
/// **It comes back by itself**, for ever unless ``Options/patience`` says otherwise: after a lost connection, a dead
/// worker, a silence, a refused ticket. It resumes where it stood, so every durable event comes exactly once and in order,
/// or a ``Message/gap(_:)`` says that some can't be had; live events come at most once.
///
/// **Nothing runs while nobody asks.** The connection lives within the loop over the sequence and is closed when that
/// ends, by `break`, by an error, or because its task was cancelled, which ends the sequence without an error. Who is slow
/// isn't read for: ``Options/readAhead`` bytes wait at most, then the server does, and one that has waited too long hangs
/// up; the client comes back when it is asked on, and loses nothing that is durable.
///
/// Each loop is a subscriber of its own and begins at ``Options/position``.
public struct HalleyClient: AsyncSequence, Sendable {
    /// What a client is told.
    public typealias Element = Message
    /// Why it ended for good.
    public typealias Failure = HalleyClientError

    /// The most channels of one client.
    public static let maximumChannels = 64

    private let apex: ServerURL
    private let channels: [Channel]
    private let options: Options

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - url: the cluster's apex, `https://push.example.com`; or a worker's, which gives no sessions.
    ///   - channels: 1 to 64, each of 1 to 255 bytes of `A-Z a-z 0-9 . _ - : / @ #`.
    ///   - options: how to behave.
    /// - Throws: ``HalleyClientError/Code/invalidArgument``.
    public init(url: String, channels: [String], options: Options = Options()) throws(HalleyClientError) {
        guard let apex = ServerURL(url) else {
            throw HalleyClientError(
                .invalidArgument, "the URL can't be read; expected http:// or https://, a host, maybe a port and a path"
            )
        }
        guard (1...Self.maximumChannels).contains(channels.count) else {
            throw HalleyClientError(
                .invalidArgument, "\(channels.count) channels; expected 1 to \(Self.maximumChannels)")
        }
        var checked: [Channel] = []
        for name in channels {
            let channel: Channel
            do { channel = try Channel(name) } catch { throw HalleyClientError(.invalidArgument, "\(error)") }
            if !checked.contains(channel) { checked.append(channel) }
        }
        if let position = options.position, !Message.isPosition(position.utf8) {
            throw HalleyClientError(.invalidArgument, "\(PositionError.malformed)")
        }
        for (name, duration) in [
            ("silence", options.silence), ("connecting", options.connecting), ("firstRetry", options.firstRetry),
            ("longestRetry", options.longestRetry),
        ] where duration <= .zero {
            throw HalleyClientError(.invalidArgument, "\(name) is \(duration); expected more than nothing")
        }
        self.apex = apex
        self.channels = checked
        self.options = options
    }

    /// Begins a subscriber's life.
    public func makeAsyncIterator() -> Iterator {
        Iterator(Conversation(apex: apex, channels: channels, options: options))
    }

    /// One subscriber's life, as far as it has been asked for.
    public struct Iterator: AsyncIteratorProtocol {
        private let conversation: Conversation
        private var due: ArraySlice<Message> = []

        init(_ conversation: Conversation) { self.conversation = conversation }

        /// Waits for the next message.
        ///
        /// - Returns: `nil` once the task was cancelled.
        public mutating func next() async throws(HalleyClientError) -> Message? {
            try await next(isolation: nil)
        }

        /// Waits for the next message, on the caller's actor.
        ///
        /// - Returns: `nil` once the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HalleyClientError) -> Message? {
            if due.isEmpty || Task.isCancelled {
                guard let messages = try await conversation.messages() else { return nil }
                due = messages[...]
            }
            return due.popFirst()
        }
    }
}
