import FoundationEssentials
import HalleyCore

/// The body of `POST /session`: nothing, or a JSON object with `channels` or `channel`, each a name or a list of names.
package struct SessionBody: Equatable {
    /// The largest body, in bytes: 64 names of 255 bytes, their quotes and escapes, and as much again.
    package static let maximumLength = 32_768

    package let names: [String]

    /// - Throws: ``RequestError/malformedBody``. Bounded by the length: the text is checked without recursion before a
    ///   decoder that recurses sees it.
    package init(_ bytes: [UInt8]) throws(RequestError) {
        guard bytes.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
            names = []
            return
        }
        guard let members = JSONMembers(bytes) else { throw .malformedBody }
        let fields: Fields
        do {
            // A name that stands there twice means two things, to two readers.
            let names = try JSONDecoder().decode([String: Ignored].self, from: Data(bytes))
            guard members.reduce(0, { count, _ in count + 1 }) == names.count else { throw RequestError.malformedBody }
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw .malformedBody
        }
        names = (fields.channels?.list ?? []) + (fields.channel?.list ?? [])
    }

    private struct Fields: Decodable {
        var channels: Names?
        var channel: Names?
    }

    private struct Ignored: Decodable { init(from decoder: any Decoder) {} }

    private struct Names: Decodable {
        let list: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let name = try? container.decode(String.self) {
                list = [name]
            } else {
                list = try container.decode([String].self)
            }
        }
    }
}
