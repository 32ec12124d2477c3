import FoundationEssentials

extension HalleyClient {
    /// What a client is told, in the order in which the cluster tells it.
    public enum Message: Sendable, Hashable {
        /// Something was published on one of the channels.
        case event(Event)
        /// Durable events of a channel can't be had any more; what follows is complete again. Fetch the rest from where
        /// you keep it.
        case gap(Gap)
        /// Time went on without an event, and the position with it. Worth keeping: an old position may lead to a gap.
        case position(String)
        /// How the connection is. Nothing needs to be done about it: the client comes back by itself.
        case state(State)

        /// Where the client stands once this message has been dealt with; `nil` when it stands where it stood.
        ///
        /// Keep it, and give it to ``HalleyClient/Options/position`` to go on from there another time.
        public var position: String? {
            switch self {
            case .event(let event): event.position
            case .gap(let gap): gap.position
            case .position(let position): position
            case .state: nil
            }
        }
    }

    /// One published message.
    public struct Event: Sendable, Hashable {
        /// Where it was published.
        public let channel: String
        /// Orders all durable events of a cluster, `1795359771922-57`; `nil` for a live event.
        public let id: String?
        /// See ``Message/position``.
        public let position: String?
        /// What was published, in bytes.
        ///
        /// A payload that is a JSON string comes as that string's text: the wire doesn't tell `"text"` from `text`. CR and
        /// LF between the tokens of other JSON come as spaces.
        public let payload: [UInt8]
        /// The payload as JSON text: itself if it is JSON, else a string, with base64 in it if it isn't UTF-8.
        public let json: [UInt8]
        /// Whether the payload isn't UTF-8.
        public let isBinary: Bool

        /// The payload as text; bytes that aren't UTF-8 become U+FFFD.
        public var text: String { String(decoding: payload, as: UTF8.self) }

        /// Reads a payload that is JSON.
        ///
        /// - Throws: `DecodingError`.
        public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(json))
        }
    }

    /// The word that durable events of a channel can't be had any more. Live events aren't spoken of.
    public struct Gap: Sendable, Hashable {
        /// Which channel's.
        public let channel: String
        /// An id: nothing up to it is missing.
        public let from: String
        /// An id: nothing after it is missing.
        public let to: String
        /// See ``Message/position``.
        public let position: String?

        package init(channel: String, from: String, to: String, position: String?) {
            self.channel = channel
            self.from = from
            self.to = to
            self.position = position
        }
    }

    /// How the connection is.
    public enum State: Sendable, Hashable {
        /// Events come from now on, or go on coming.
        case open(Resume)
        /// There is no connection. The client tries again by itself after so long; `because` is for people.
        case waiting(Duration, because: String)
    }

    /// What follows when a connection is open.
    public enum Resume: String, Sendable, Hashable {
        /// The client gave no position: it gets what comes from now on.
        case fresh
        /// Everything after the position follows.
        case complete
        /// All durable events after the position follow; live events may have been missed.
        case durableOnly = "durable-only"
        /// Durable events after the position can't be had any more; gaps say on which channels.
        case gap
    }
}

extension HalleyClient.Message {
    /// - Returns: `nil` for a word that a later version of Halley may say, and this client needn't know.
    package init?(_ message: JSONMessage) throws {
        let position = try message.position.map(Self.position)
        if let gap = message.gap {
            self = .gap(try HalleyClient.Gap(gap, position: position))
        } else if let channel = message.channel, let data = message.data {
            self = .event(
                try HalleyClient.Event(
                    channel: Self.text(channel), id: message.id.map(Self.text), position: position, data: data,
                    encoding: message.encoding))
        } else if let position {
            self = .position(position)
        } else {
            return nil
        }
    }

    /// The longest position, in bytes.
    static let longestPosition = 512

    /// Positions are sent back, so what can't be one is never taken for one.
    static func position(_ bytes: some Collection<UInt8>) throws -> String {
        guard isPosition(bytes) else { throw AnswerError("a position is none") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Opaque as positions are, all are of printable ASCII and need no escape in JSON.
    static func isPosition(_ bytes: some Collection<UInt8>) -> Bool {
        (1...longestPosition).contains(bytes.count)
            && bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension HalleyClient.Event {
    init(
        channel: String, id: String?, position: String?, data: UnsafeRawBufferPointer, encoding: UnsafeRawBufferPointer?
    ) throws {
        self.channel = channel
        self.id = id
        self.position = position
        json = Array(data)
        isBinary = encoding != nil
        guard data.first == UInt8(ascii: "\"") else {
            guard !isBinary else { throw AnswerError("an event's data is encoded, and no string") }
            payload = json
            return
        }
        let text = try JSONString.unescaped(data.dropFirst().dropLast())
        guard let encoding else {
            payload = text
            return
        }
        guard encoding.elementsEqual("base64".utf8), let bytes = Data(base64Encoded: Data(text)) else {
            throw AnswerError("an event's data is encoded, and not in base64")
        }
        payload = Array(bytes)
    }
}

extension HalleyClient.Gap {
    init(_ gap: JSONGap, position: String?) throws {
        guard let channel = gap.channel, let from = gap.from, let to = gap.to else {
            throw AnswerError("a gap lacks its channel or its bounds")
        }
        self.init(
            channel: String(decoding: channel, as: UTF8.self), from: String(decoding: from, as: UTF8.self),
            to: String(decoding: to, as: UTF8.self), position: position)
    }
}
