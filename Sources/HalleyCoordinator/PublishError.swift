import HTTPTypes
import HalleyBroker

/// Why an event isn't published. No text echoes what came from the network.
package enum PublishError: Error, Equatable, CustomStringConvertible {
    /// An option that there isn't. Ignored, a slip of the pen would make a durable event of a live one.
    case unknownOption
    case twice(PublishOption)
    case noNumber(PublishOption)
    case noBoolean
    case noText(PublishOption)
    /// The idempotency key's length, in bytes.
    case keyLength(Int)
    case severalKeys
    case liveIsNotKept
    /// What stands in the query or the head instead of the batch's lines.
    case batchOption
    case emptyBatch
    case tooManyLines(Int)
    case noObject
    case noChannel
    case notOnePayload(Int)
    case noBase64
    /// The function library's own words.
    case library(String)
    /// Redis' error code: `OOM`, `WRONGTYPE`.
    case refused(String)
    /// The connection to Redis ended, or stood still, before the reply.
    case unconfirmed

    package var status: HTTPResponse.Status {
        switch self {
        case .tooManyLines: .contentTooLarge
        case .refused, .unconfirmed: .serviceUnavailable
        default: .badRequest
        }
    }

    package var description: String {
        switch self {
        case .unknownOption:
            "an option that isn't known; an event has channel, history, ttl, keyttl, live, and in a batch's line key too"
        case .twice(let option): "\(option) is given twice"
        case .noNumber(let option): "\(option) is a whole number from 1 to \(PublishOption.numbers.upperBound)"
        case .noBoolean: "live is true or false"
        case .noText(let option): "\(option) is a string of UTF-8"
        case .keyLength(let length):
            "an idempotency key of \(length) bytes; expected 1 to \(PublishOptions.maximumKeyLength)"
        case .severalKeys: "more than one Idempotency-Key"
        case .liveIsNotKept: "a live event isn't kept: history, ttl, keyttl and an idempotency key are durable events'"
        case .batchOption: "in a batch each line has its own options; the query may have a channel for all"
        case .emptyBatch: #"no lines; expected one event a line: {"channel":"news","data":…}"#
        case .tooManyLines(let count): "\(count) lines; the most is \(PublishBatch.maximumLines)"
        case .noObject: #"a line is a JSON object: {"channel":"news","data":…}"#
        case .noChannel: "no channel; expected one, in the line or in the query"
        case .notOnePayload(let count): "\(count) payloads; a line has one of data, payload and base64"
        case .noBase64: "base64 is a string of RFC 4648's alphabet, padded"
        case .library(let text): text
        case .refused(let code): "Redis refuses the event: \(code); its log says more"
        case .unconfirmed:
            "Redis didn't confirm the event, which may be published or not; with an idempotency key it is safe to repeat"
        }
    }
}

/// How an event may be published otherwise than by default, under its name in queries and batches.
package enum PublishOption: String, CaseIterable, CustomStringConvertible, Sendable {
    case channel, history, ttl, keyttl, live, key
    // Where the payload stands in a batch's line.
    case data, payload, base64

    package var description: String { rawValue }

    /// What a number may be. 15 digits, as in the function library: more are no exact numbers in Lua.
    package static let numbers = 1...999_999_999_999_999

    /// - Throws: ``PublishError/noNumber(_:)`` for anything but digits.
    func number(_ text: some StringProtocol) throws(PublishError) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            Self.numbers.contains(number)
        else { throw .noNumber(self) }
        return number
    }
}
