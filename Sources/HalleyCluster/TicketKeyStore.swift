import HalleyCore
import HalleyRedis

/// The secrets that a cluster's tickets are signed with, for clusters that aren't given any: made once, kept in Redis.
///
/// Whoever can read the cluster's Redis can therefore sign tickets; he could as well publish and read every event there.
public struct TicketKeyStore: Sendable {
    /// How long a secret is that is made here, in bytes: that of SHA-256's output, see ``TicketKeys/minimumLength``.
    public static let secretLength = 32

    private let redis: any RedisCommands
    private let key: String

    /// A view of one cluster's keys over a link that somebody else starts and closes.
    public init(redis: any RedisCommands, name: ClusterName) {
        self.redis = redis
        key = name.own("ticket-keys")
    }

    /// Reads the keys, or makes them: of several processes that start at once, one makes them and all read the same.
    ///
    /// - Throws: ``TicketKeysError`` when what lies in Redis are no keys.
    public func load() async throws -> TicketKeys { try Self.parse(try await loadText()) }

    /// The same in the form in which they lie in Redis, for ``restore(_:)``.
    public func loadText() async throws -> String {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<Self.secretLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try await redis.send("SET", key, hexadecimal(secret), "NX")
        guard let text = try await redis.send("GET", key).string else { throw TicketKeysError.noText }
        return text
    }

    /// Puts keys back that Redis has lost, so that a process which starts later finds the same: `SET NX`.
    public func restore(_ text: String) async throws { try await redis.send("SET", key, text, "NX") }

    /// Reads secrets as they stand in Redis and on the command line: hexadecimal, separated by commas, the signing one first.
    public static func parse(_ text: some StringProtocol) throws(TicketKeysError) -> TicketKeys {
        var secrets: [[UInt8]] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let secret = bytes(hexadecimal: part) else { throw .noHexadecimal }
            guard secret.count >= TicketKeys.minimumLength else { throw .tooShort(secret.count) }
            secrets.append(secret)
        }
        guard let keys = TicketKeys(secrets: secrets) else { throw .noText }
        return keys
    }

    private static func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// Why a text holds no ticket keys. The texts never echo it: it is, or should have been, a secret.
public enum TicketKeysError: Error, Equatable, CustomStringConvertible {
    /// No text where the keys should be.
    case noText
    /// A part that isn't an even number of hexadecimal digits.
    case noHexadecimal
    /// A secret of too few bytes; how many there were.
    case tooShort(Int)

    /// Says which rule was broken.
    public var description: String {
        switch self {
        case .noText: "no ticket keys: expected hexadecimal secrets, separated by commas"
        case .noHexadecimal: "ticket keys are hexadecimal digits, two for each byte, separated by commas"
        case .tooShort(let count): "a ticket key has \(count) bytes; the fewest are \(TicketKeys.minimumLength)"
        }
    }
}
