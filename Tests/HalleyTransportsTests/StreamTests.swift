import HalleyCore
import HalleyHub
import HalleyTransports
import Testing

@Suite struct StreamTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func anEventIsALine() {
        #expect(
            text(Stream.event(delivery("[1,\n2]", position: somewhere)))
                == "{\"channel\":\"news\",\"position\":\"\(somewhere)\",\"data\":[1, 2]}\n")
    }

    @Test func aHeartbeatIsThePositionOrAnEmptyLine() {
        #expect(text(Stream.heartbeat(somewhere)) == "{\"position\":\"\(somewhere)\"}\n")
        #expect(text(Stream.heartbeat(nil)) == "\n")
    }
}
