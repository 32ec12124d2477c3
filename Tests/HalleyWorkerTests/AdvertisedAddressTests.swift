import HalleyCore
import HalleyWorker
import Testing

@Suite struct AdvertisedAddressTests {
    private func choose(configured: String?, listening: String) throws -> String? {
        try AdvertisedAddress.choose(
            configured: try configured.map { try #require(HostAndPort($0)) },
            listening: try #require(HostAndPort(listening)))?.description
    }

    @Test(arguments: [
        (nil, "127.0.0.1:9001", "127.0.0.1:9001"),
        (nil, "10.1.2.3:9001", "10.1.2.3:9001"),
        ("worker-1:80", "0.0.0.0:9001", "worker-1:80"),
        // Port 0 means the one that was found free.
        ("worker-1:0", "0.0.0.0:9001", "worker-1:9001"),
    ])
    func theConfiguredOneWinsThenTheOneListenedOn(configured: String?, listening: String, expected: String) throws {
        #expect(try choose(configured: configured, listening: listening) == expected)
    }

    @Test(arguments: ["0.0.0.0:9001", "[::]:9001"])
    func whereThatIsAllOfThemItIsOneThatOthersCanReach(listening: String) throws {
        // A machine without a network has none.
        guard let address = try choose(configured: nil, listening: listening) else { return }
        #expect(address.hasSuffix(":9001"))
        #expect(!address.hasPrefix("0.0.0.0"))
        #expect(!address.hasPrefix("127."))
    }
}
