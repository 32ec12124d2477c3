import FoundationEssentials
import HalleyBroker
import HalleyCore

/// A line of a batch:
/// `{"channel":"news","data":<any JSON>,"key":"…","history":100,"ttl":60000,"keyttl":60000}`, with `"payload":"text"` or
/// `"base64":"…"` in the place of `data`, or `"live":true` in the place of the rest. `null` stands for an option's absence.
struct PublishLine {
    let request: PublishRequest

    /// - Parameter channel: that of lines that name none.
    init(_ bytes: [UInt8], channel: Channel?) throws(RequestError) {
        guard let members = JSONMembers(bytes) else { throw .publish(.noObject) }
        var fields: Fields
        do { fields = try Fields(members) } catch { throw .publish(error) }
        var chosen = channel
        if let name = fields.channel {
            do { chosen = try Channel(name) } catch { throw .channel(error) }
        }
        guard let chosen else { throw .publish(.noChannel) }
        guard let payload = fields.payloads.first, fields.payloads.count == 1 else {
            throw .publish(.notOnePayload(fields.payloads.count))
        }
        do {
            let mode = try PublishRequest.mode(isLive: fields.isLive, options: fields.options)
            request = PublishRequest(channel: chosen, payload: payload, mode: mode)
        } catch { throw .publish(error) }
    }

    private struct Fields {
        var channel: String?
        var payloads: [[UInt8]] = []
        var options = PublishOptions()
        var isLive = false

        init(_ members: JSONMembers) throws(PublishError) {
            var seen: Set<PublishOption> = []
            for member in members {
                guard let name = Self.text(member.name), let option = PublishOption(rawValue: name) else {
                    throw .unknownOption
                }
                guard seen.insert(option).inserted else { throw .twice(option) }
                if option == .data {
                    // As it came: a number keeps its digits, an object the order of its members.
                    payloads.append(Array(member.value))
                } else if !member.value.elementsEqual("null".utf8) {
                    try take(option, member.value)
                }
            }
        }

        private mutating func take(_ option: PublishOption, _ value: ArraySlice<UInt8>) throws(PublishError) {
            let literal = String(decoding: value, as: UTF8.self)
            switch option {
            case .history: options.history = try option.number(literal)
            case .ttl: options.ttl = try option.number(literal)
            case .keyttl: options.keyTTL = try option.number(literal)
            case .live:
                guard let value = Bool(literal) else { throw .noBoolean }
                isLive = value
            case .channel, .key, .payload, .base64, .data:
                guard let text = Self.text(value) else { throw .noText(option) }
                switch option {
                case .channel: channel = text
                case .key: options.key = text
                case .payload: payloads.append(Array(text.utf8))
                default:
                    guard let data = Data(base64Encoded: text) else { throw .noBase64 }
                    payloads.append(Array(data))
                }
            }
        }

        /// What a string literal says; `nil` when it is none, or holds half of a surrogate pair, which is no UTF-8.
        private static func text(_ literal: ArraySlice<UInt8>) -> String? {
            guard literal.first == UInt8(ascii: "\"") else { return nil }
            return try? JSONDecoder().decode(String.self, from: Data(literal))
        }
    }
}
