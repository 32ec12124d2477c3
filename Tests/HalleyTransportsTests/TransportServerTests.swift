import Glibc
import HalleyCore
import HalleyHub
import HalleyTransports
import NIOCore
import Testing
import ThreadGate

/// What only real sockets show.
@Suite(.occupiesThread) struct TransportServerTests {
    @Test func aClientReadsWhatIsPublished() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/events?channel=news", "Accept: text/event-stream"))
            #expect(client.read(until: "id: ") == .enough)
            try await fixture.publish(["hello"])
            #expect(client.read(until: "data: hello\n") == .enough)
        }
    }

    /// A head over several receive buffers, in odd pieces.
    @Test func aLongHeadIsReadWhole() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            let request = get("/events?channel=news", "X: " + String(repeating: "x", count: 15_000))
            for start in stride(from: 0, to: request.utf8.count, by: 777) {
                try client.send(String(request.utf8.dropFirst(start).prefix(777)) ?? "")
            }
            #expect(client.read(until: "{\"position\"") == .enough)
        }
    }

    @Test func aRefusalArrivesWholeThoughTheClientGoesOnSending() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send("nonsense\r\n\r\n" + String(repeating: "x", count: 200_000))
            #expect(client.read() == .end, "and no reset")
            #expect(try Answer.all(in: client.bytes).map(\.status) == [400])
        }
    }

    @Test func aClientThatIsRefusedAndNeverClosesIsClosed() async throws {
        try await SocketFixture.run(head: .milliseconds(200)) { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send("nonsense\r\n\r\n")
            defer { withExtendedLifetime(client) {} }
            #expect(client.read() == .end)
            try await fixture.eventually { $0.isIdle }
        }
    }

    @Test func aClientThatHalfClosesIsGone() async throws {
        try await SocketFixture.run { fixture in
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/events?channel=news"))
            defer { withExtendedLifetime(client) {} }
            client.read(until: "{\"position\"")
            client.closeOutput()
            try await fixture.eventually { $0.heldRequests == 0 && $0.isIdle }
        }
    }

    /// The kernel alone would take four megabytes for a client that doesn't read.
    @Test func theKernelHidesLittleOfAClientThatDoesNotRead() async throws {
        // A ring of one: who falls behind is lost, and closed within a second or two.
        try await SocketFixture.run(outboundBytes: 65_536, ringEvents: 1) { fixture in
            let slow = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            defer { withExtendedLifetime(slow) {} }
            try slow.send(get("/events?channel=news"))
            slow.read(until: "{\"position\"")
            let event = String(repeating: "x", count: 10_000)
            for _ in 0..<6 { try await fixture.publish([event]) }
            // Longer than a lost one would be kept: each is looked at once a second.
            try await Task.sleep(for: .seconds(2.5))
            #expect(try await fixture.held() == 1)
            for _ in 6..<200 { try await fixture.publish([event]) }
            try await fixture.eventually { $0.heldRequests == 0 }
        }
    }

    /// Far more than the bound on unsent bytes, in one turn of the loop, to a client that reads.
    @Test func aBurstInOneTurnIsNoSlowness() async throws {
        try await SocketFixture.run(outboundBytes: 65_536) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 1 << 20)
            try client.send(get("/events?channel=news"))
            client.read(until: "{\"position\"")
            let event = String(repeating: "x", count: 1_000) + "!"
            try await fixture.publish(Array(repeating: event, count: 110))
            #expect(client.read(until: "!", times: 110) == .enough)
        }
    }

    @Test func aClientThatNeverReadsIsClosedAndTheOthersMissNothing() async throws {
        try await SocketFixture.run { fixture in
            let slow = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            defer { withExtendedLifetime(slow) {} }
            let quick = try SocketClient(port: fixture.port, receiveBuffer: 1 << 20)
            for client in [slow, quick] { try client.send(get("/events?channel=news")) }
            quick.read(until: "{\"position\"")
            try await fixture.eventually { $0.heldRequests == 2 }
            let event = String(repeating: "x", count: 10_000) + "!"
            var published = 0
            while published < 500 {
                try await fixture.publish(Array(repeating: event, count: 5))
                published += 5
                #expect(quick.read(until: "!", times: published) == .enough)
            }
            try await fixture.eventually { $0.heldRequests == 1 }
            try await fixture.publish(["last"])
            #expect(quick.read(until: "\"last\"") == .enough)
        }
    }

    @Test func aClientThatNeverReadsItsLastWordIsClosedInTime() async throws {
        try await SocketFixture.run(head: .milliseconds(500)) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            try client.send(get("/events?channel=news"))
            try await fixture.eventually { $0.heldRequests == 1 }
            try await fixture.publish(Array(repeating: String(repeating: "x", count: 10_000), count: 3))
            try await fixture.stop()
            try await fixture.eventually { $0.isIdle }
            withExtendedLifetime(client) {}
        }
    }

    @Test func stoppingEndsStreamsWholeAndAcceptsNobodyAnyMore() async throws {
        try await SocketFixture.run { fixture in
            let clients = try (0..<40).map { _ in try SocketClient(port: fixture.port) }
            for client in clients {
                try client.send(get("/events?channel=news", "Accept: text/event-stream"))
                client.read(until: "id: ")
            }
            try await fixture.stop()
            for client in clients {
                #expect(client.read() == .end)
                #expect(try Answer.all(in: client.bytes).map(\.isWhole) == [true])
            }
            #expect(throws: SocketClient.Refused(code: ECONNREFUSED)) { try SocketClient(port: fixture.port) }
            try await fixture.eventually { $0.heldRequests == 0 }
        }
    }

    @Test func socketsOverTheBoundAreClosedAndTheirRoomComesBack() async throws {
        try await SocketFixture.run(connections: 1) { fixture in
            let clients = try (0..<520).map { _ in try SocketClient(port: fixture.port) }
            // Freed as soon as nobody looks at them any more, they would make room too early.
            try withExtendedLifetime(clients) {
                let end = clients[519].read()
                #expect(end == .end || end == .error(ECONNRESET))
                try clients[0].send(get("/health/live"))
                #expect(clients[0].read(until: "200 OK") == .enough)
            }
            try await fixture.eventually { $0.isIdle }
            let client = try SocketClient(port: fixture.port)
            try client.send(get("/health/live", "Connection: close"))
            client.read()
            #expect(try Answer.all(in: client.bytes).map(\.status) == [200])
        }
    }
}
