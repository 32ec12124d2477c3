/// A signed, expiring grant that a coordinator gives a client. Any worker can check it, on any shard.
public struct Ticket: Hashable, Sendable {
    /// The longest text, in bytes: it travels in a URL, and a request's head has 16 KiB in all.
    public static let maximumLength = 8_192

    /// The session that it admits.
    public let session: SessionID
    /// The hostname's first label that the session was given. Where it is served is a matter of balance, not of right.
    public let label: ShardLabel
    /// The channels that the ticket admits to, sorted; `nil` admits to all.
    public let channels: [Channel]?
    /// Seconds since 1970 from which on the ticket is worth nothing.
    public let expiry: Int64

    /// A grant as given; channels are sorted and each kept once.
    public init(session: SessionID, label: ShardLabel, channels: [Channel]?, expiry: Int64) {
        self.session = session
        self.label = label
        self.channels = channels.map { Set($0).sorted() }
        self.expiry = expiry
    }

    /// Whether the ticket admits to the channel.
    public func admits(_ channel: Channel) -> Bool { channels?.contains(channel) ?? true }

    /// The same grant with a later expiry, for a session that goes on.
    public func renewed(until expiry: Int64) -> Ticket {
        Ticket(session: session, label: label, channels: channels, expiry: expiry)
    }

    /// `1 <session> <label> <expiry> <channel>,<channel>` or `*` for all channels: no allowed channel's name holds a
    /// space, a comma or a star.
    var claims: String {
        let granted = channels.map { $0.map(\.name).joined(separator: ",") } ?? "*"
        return "1 \(session) \(label) \(expiry) \(granted)"
    }

    init?(claims: String) {
        let fields = claims.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0] == "1", let session = SessionID(fields[1]),
            let label = ShardLabel(fields[2]), let expiry = UInt64(decimal: fields[3]), expiry <= UInt64(Int64.max)
        else { return nil }
        var channels: [Channel]?
        if fields[4] != "*" {
            var granted: [Channel] = []
            for name in fields[4].split(separator: ",") {
                guard let channel = try? Channel(name) else { return nil }
                granted.append(channel)
            }
            channels = granted
        }
        self.init(session: session, label: label, channels: channels, expiry: Int64(expiry))
    }
}

/// Why a ticket admits to nothing. The texts never echo it: it is a secret, and comes from the network.
public enum TicketError: Error, Equatable, CustomStringConvertible {
    /// Too long, not of our form, or not signed by one of the cluster's keys.
    case invalid
    /// Ours, but past its expiry; the ticket is what to renew.
    case expired(Ticket)

    /// For the client: what to do about it.
    public var description: String {
        switch self {
        case .invalid: "the ticket was not given by this cluster; ask for a session at the apex: POST /session"
        case .expired: "the ticket has expired; ask for a new session at the apex: POST /session"
        }
    }
}
