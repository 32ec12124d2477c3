import Crypto
import HalleyCore
import Testing

@Suite struct TicketKeysTests {
    static let now: Int64 = 1_795_359_771
    let secret: [UInt8]
    let keys: TicketKeys
    let ticket: Ticket

    init() throws {
        var random = SeededGenerator(seed: 5)
        secret = random.bytes(32)
        keys = try #require(TicketKeys(secrets: [secret]))
        ticket = Ticket(
            session: try #require(SessionID("0123456789abcdef0123456789abcdef")),
            label: try #require(ShardLabel("s17-c")),
            channels: [try Channel("news"), try Channel("user.42")], expiry: Self.now + 3_600)
    }

    /// Signs any claims as a holder of the key could, to see that the form is checked after the signature.
    func forge(_ claims: String, with secret: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(claims.utf8), using: SymmetricKey(data: secret))
        return Base64URL.encode(Array(claims.utf8)) + "." + Base64URL.encode(Array(code))
    }

    @Test func readsWhatItSigned() throws {
        #expect(try keys.verify(keys.sign(ticket), now: Self.now) == ticket)
        let open = Ticket(session: .random(), label: ticket.label, channels: nil, expiry: Self.now + 1)
        #expect(try keys.verify(keys.sign(open), now: Self.now) == open)
        let none = Ticket(session: .random(), label: ticket.label, channels: [], expiry: Self.now + 1)
        #expect(try keys.verify(keys.sign(none), now: Self.now) == none)
    }

    @Test func travelsInAQueryAsItIs() {
        let text = keys.sign(ticket)
        #expect(text.utf8.allSatisfy { $0.isQuerySafe })
        #expect(!text.contains("news"))
    }

    @Test func secretsHaveALeastLength() {
        #expect(TicketKeys(secrets: []) == nil)
        #expect(TicketKeys(secrets: [[]]) == nil)
        #expect(TicketKeys(secrets: [[UInt8](repeating: 1, count: 31)]) == nil)
        #expect(TicketKeys(secrets: [secret, [UInt8](repeating: 1, count: 31)]) == nil)
    }

    @Test func expiryIsTheFirstSecondTooLate() throws {
        let text = keys.sign(ticket)
        #expect(try keys.verify(text, now: ticket.expiry - 1) == ticket)
        for late in [ticket.expiry, ticket.expiry + 1, .max] {
            #expect(throws: TicketError.expired(ticket)) { try keys.verify(text, now: late) }
        }
    }

    @Test func aNewKeyInFrontLetsOldTicketsLive() throws {
        let newer = [UInt8](repeating: 7, count: 32)
        let both = try #require(TicketKeys(secrets: [newer, secret]))
        #expect(try both.verify(keys.sign(ticket), now: Self.now) == ticket)
        #expect(throws: TicketError.invalid) { try keys.verify(both.sign(ticket), now: Self.now) }
    }

    @Test func noSingleByteMayChange() {
        let text = Array(keys.sign(ticket).utf8)
        var random = SeededGenerator(seed: 6)
        for index in text.indices {
            for byte in [random.next(), random.next()].map({ UInt8(truncatingIfNeeded: $0) }) + Array("A_-=. \0".utf8)
            where byte != text[index] {
                var changed = text
                changed[index] = byte
                #expect(throws: TicketError.invalid) {
                    try keys.verify(String(decoding: changed, as: UTF8.self), now: Self.now)
                }
            }
        }
    }

    @Test func noByteMayBeAddedOrMissing() {
        let text = keys.sign(ticket)
        for length in 0..<text.count {
            #expect(throws: TicketError.invalid) { try keys.verify(text.prefix(length), now: Self.now) }
            #expect(throws: TicketError.invalid) { try keys.verify(text.dropFirst(length + 1), now: Self.now) }
        }
        for extra in ["=", "==", "A", ".", " ", "\n", "\r\n", "\0", "." + text] {
            #expect(throws: TicketError.invalid) { try keys.verify(text + extra, now: Self.now) }
            #expect(throws: TicketError.invalid) { try keys.verify(extra + text, now: Self.now) }
        }
    }

    @Test func signaturesOfOtherLengthsAreWorthNothing() throws {
        let parts = keys.sign(ticket).split(separator: ".")
        let signature = try #require(Base64URL.decode(parts[1]))
        for length in 0...31 {
            let short = parts[0] + "." + Base64URL.encode(Array(signature.prefix(length)))
            #expect(throws: TicketError.invalid) { try keys.verify(short, now: Self.now) }
        }
        for other in [signature + [0], signature + signature, [UInt8](repeating: 0, count: 32)] {
            let changed = parts[0] + "." + Base64URL.encode(other)
            #expect(throws: TicketError.invalid) { try keys.verify(changed, now: Self.now) }
        }
    }

    @Test func aSignatureFitsItsOwnClaimsAlone() throws {
        let other = keys.sign(ticket.renewed(until: ticket.expiry + 1)).split(separator: ".")
        let one = keys.sign(ticket).split(separator: ".")
        #expect(throws: TicketError.invalid) { try keys.verify("\(other[0]).\(one[1])", now: Self.now) }
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "e30.e30", "eyJhbGciOiJub25lIn0.e30.", "x\r\nFLUSHALL\r\n", "../../dev/null", "%s.%s",
        "🍪.🍪",
        "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjFlMzA5fQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ])
    func textsOfOtherMakers(text: String) {
        #expect(throws: TicketError.invalid) { try keys.verify(text, now: Self.now) }
    }

    @Test func aMegabyteIsRefused() {
        let mebibyte = String(repeating: "A", count: 1 << 20)
        for text in [mebibyte, mebibyte + "." + mebibyte, String(repeating: ".", count: 1 << 20)] {
            #expect(throws: TicketError.invalid) { try keys.verify(text, now: Self.now) }
        }
    }

    @Test(arguments: [
        "", "1", "1 0123456789abcdef0123456789abcdef s17-c 1795363371",
        "2 0123456789abcdef0123456789abcdef s17-c 1795363371 news",
        "1 0123456789ABCDEF0123456789abcdef s17-c 1795363371 news",
        "1 0123456789abcdef0123456789abcdef s64-c 1795363371 news",
        "1 0123456789abcdef0123456789abcdef s17-c -1 news", "1 0123456789abcdef0123456789abcdef s17-c 1e309 news",
        "1 0123456789abcdef0123456789abcdef s17-c 9223372036854775808 news",
        "1 0123456789abcdef0123456789abcdef s17-c  news", "1 0123456789abcdef0123456789abcdef s17-c 1795363371 ne*s",
        "1 0123456789abcdef0123456789abcdef s17-c 1795363371 news,*",
        "1 0123456789abcdef0123456789abcdef s17-c 1795363371 news news",
        "1 0123456789abcdef0123456789abcdef s17-c 1795363371 news\n",
        " 1 0123456789abcdef0123456789abcdef s17-c 1795363371 news",
    ])
    func aSignedTextOfAnotherFormIsRefused(claims: String) {
        let text = forge(claims, with: secret)
        #expect(throws: TicketError.invalid) { try keys.verify(text, now: Self.now) }
    }

    @Test func theForgeryItselfIsFaithful() throws {
        let text = forge("1 0123456789abcdef0123456789abcdef s17-c \(ticket.expiry) news,user.42", with: secret)
        #expect(text == keys.sign(ticket))
        #expect(throws: TicketError.invalid) {
            try keys.verify(forge("x", with: [UInt8](repeating: 0, count: 32)), now: 0)
        }
    }
}

extension UInt8 {
    /// The characters that mean themselves in a query (RFC 3986, section 2.3), as far as tickets use them.
    fileprivate var isQuerySafe: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
