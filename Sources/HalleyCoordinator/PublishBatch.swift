import HalleyCore

/// The lines of a `POST /publish` whose body is NDJSON: an event each. A line that can't be read is answered in its place
/// and harms no other.
package struct PublishBatch {
    /// The most lines. 1,000: they are published one after the other, so that their order holds, in a tenth of a second.
    package static let maximumLines = 1_000

    /// What a batch's `Content-Type` says.
    package static let contentType = "application/x-ndjson"

    /// In the order of the lines.
    package let events: [Result<PublishRequest, RequestError>]

    /// - Parameters:
    ///   - query: empty, or one channel for the lines that name none.
    ///   - keys: the values of all `Idempotency-Key` fields: none, for a key stands for one event.
    package init(_ body: [UInt8], query: Query, keys: [String]) throws(RequestError) {
        guard keys.isEmpty, query.items.allSatisfy({ $0.name == PublishOption.channel.rawValue }) else {
            throw .publish(.batchOption)
        }
        guard query.items.count <= 1 else { throw .notOneChannel(query.items.count) }
        var channel: Channel?
        if let item = query.items.first {
            do { channel = try Channel(item.value) } catch { throw .channel(error) }
        }
        // The last line's end begins no other line.
        let text = body.last == UInt8(ascii: "\n") ? body.dropLast() : body[...]
        guard !text.isEmpty else { throw .publish(.emptyBatch) }
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count <= Self.maximumLines else { throw .publish(.tooManyLines(lines.count)) }
        events = lines.map { line in
            do throws(RequestError) {
                return .success(try PublishLine(Array(line), channel: channel).request)
            } catch {
                return .failure(error)
            }
        }
    }

    /// Whether a request's body is a batch, by its `Content-Type`: parameters and case don't matter.
    package static func isMeant(by contentType: String?) -> Bool {
        guard let type = contentType?.split(separator: ";", omittingEmptySubsequences: false).first else {
            return false
        }
        return type.trimmingSpaces.lowercased() == Self.contentType
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...last]
    }
}
