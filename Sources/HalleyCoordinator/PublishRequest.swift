import HalleyBroker
import HalleyCore

/// One event to be published, and how.
package struct PublishRequest: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        /// Never stored; whoever isn't there misses it.
        case live
        case durable(PublishOptions)
    }

    package var channel: Channel
    package var payload: [UInt8]
    package var mode: Mode

    package init(channel: Channel, payload: [UInt8], mode: Mode) {
        self.channel = channel
        self.payload = payload
        self.mode = mode
    }

    /// `POST /publish?channel=news&history=100`, whose body is the payload.
    /// - Parameter keys: the values of all `Idempotency-Key` fields.
    package init(query: Query, keys: [String], payload: [UInt8]) throws(RequestError) {
        let names = query.values(PublishOption.channel.rawValue)
        guard let name = names.first, names.count == 1 else { throw .notOneChannel(names.count) }
        do { channel = try Channel(name) } catch { throw .channel(error) }
        self.payload = payload
        do { mode = try Self.mode(query: query, keys: keys) } catch { throw .publish(error) }
    }

    private static func mode(query: Query, keys: [String]) throws(PublishError) -> Mode {
        var options = PublishOptions()
        var isLive = false
        var seen: Set<PublishOption> = []
        for item in query.items {
            guard let option = PublishOption(rawValue: item.name) else { throw .unknownOption }
            guard seen.insert(option).inserted else { throw .twice(option) }
            switch option {
            case .channel: break
            case .history: options.history = try option.number(item.value)
            case .ttl: options.ttl = try option.number(item.value)
            case .keyttl: options.keyTTL = try option.number(item.value)
            case .live:
                guard let value = Bool(item.value) else { throw .noBoolean }
                isLive = value
            case .key, .data, .payload, .base64: throw .unknownOption
            }
        }
        guard keys.count <= 1 else { throw .severalKeys }
        options.key = keys.first
        return try mode(isLive: isLive, options: options)
    }

    /// The choices of one event, checked together.
    static func mode(isLive: Bool, options: PublishOptions) throws(PublishError) -> Mode {
        if let key = options.key, !(1...PublishOptions.maximumKeyLength).contains(key.utf8.count) {
            throw .keyLength(key.utf8.count)
        }
        guard isLive else { return .durable(options) }
        guard options == PublishOptions() else { throw .liveIsNotKept }
        return .live
    }
}
