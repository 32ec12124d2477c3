import HalleyCluster
import HalleyCore
import HalleyRedis
import Testing

struct TicketKeyStoreTests {
    private let secret = String(repeating: "0a", count: 32)

    @Test func `all who load get the same keys`() async throws {
        try await withRedis { redis in
            let store = TicketKeyStore(redis: redis, name: .standard)
            let ticket = Ticket(session: .random(), label: ShardLabel(shard: Shard.all[17]), channels: nil, expiry: 100)
            let signed = try await store.load().sign(ticket)
            #expect(try await store.load().verify(signed, now: 99) == ticket)
            #expect(try await store.loadText().utf8.count == 64)
        }
    }

    @Test func `keys that were lost can be put back, and others aren't replaced`() async throws {
        try await withRedis { redis in
            let store = TicketKeyStore(redis: redis, name: .standard)
            try await store.restore(secret)
            #expect(try await store.loadText() == secret)
            try await store.restore(String(repeating: "0b", count: 32))
            #expect(try await store.loadText() == secret)
        }
    }

    @Test func `keys are hexadecimal, long enough, and separated by commas`() throws {
        _ = try TicketKeyStore.parse(secret)
        _ = try TicketKeyStore.parse("\(secret),\(secret.uppercased())")
        #expect(throws: TicketKeysError.noHexadecimal) { try TicketKeyStore.parse("") }
        #expect(throws: TicketKeysError.noHexadecimal) { try TicketKeyStore.parse("\(secret),") }
        #expect(throws: TicketKeysError.noHexadecimal) { try TicketKeyStore.parse("\(secret)0") }
        #expect(throws: TicketKeysError.noHexadecimal) { try TicketKeyStore.parse("\(secret) ") }
        #expect(throws: TicketKeysError.tooShort(31)) { try TicketKeyStore.parse(String(secret.dropLast(2))) }
    }
}
