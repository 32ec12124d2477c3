import Crypto

/// The secrets that tickets are signed with (HMAC-SHA-256, RFC 2104). The first signs; all verify, so that a new key can
/// be put in front while tickets under the old one live out.
public struct TicketKeys: Sendable {
    /// The shortest secret, in bytes: HMAC's strength is that of the hash only with a key as long (RFC 2104, section 3).
    public static let minimumLength = 32

    private let keys: [SymmetricKey]

    /// `nil` when there is no secret, or one is shorter than ``minimumLength`` bytes.
    public init?(secrets: [[UInt8]]) {
        guard !secrets.isEmpty, secrets.allSatisfy({ $0.count >= Self.minimumLength }) else { return nil }
        keys = secrets.map { SymmetricKey(data: $0) }
    }

    /// `<base64url of the claims>.<base64url of the signature>`
    public func sign(_ ticket: Ticket) -> String {
        let claims = Array(ticket.claims.utf8)
        let signature = HMAC<SHA256>.authenticationCode(for: claims, using: keys[0])
        return "\(Base64URL.encode(claims)).\(Base64URL.encode(Array(signature)))"
    }

    /// - Parameter now: seconds since 1970.
    /// - Throws: ``TicketError``. The signature is compared in constant time, and before anything else is read.
    public func verify(_ text: some StringProtocol, now: Int64) throws(TicketError) -> Ticket {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= Ticket.maximumLength, parts.count == 2, let claims = Base64URL.decode(parts[0]),
            let signature = Base64URL.decode(parts[1])
        else { throw .invalid }
        guard
            keys.contains(where: {
                HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: claims, using: $0)
            }),
            let ticket = Ticket(claims: String(decoding: claims, as: UTF8.self))
        else { throw .invalid }
        guard now < ticket.expiry else { throw .expired(ticket) }
        return ticket
    }
}
