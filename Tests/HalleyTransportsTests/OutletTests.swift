import Glibc
import NIOCore
import Testing
import ThreadGate

/// What leaves past NIO, over real sockets.
@Suite(.occupiesThread) struct OutletTests {
    private static let stream = get("/events?channel=news")

    /// The payloads in a stream of lines, in order.
    private func payloads(_ bytes: [UInt8]) throws -> [String] {
        try Answer.all(in: bytes).flatMap { answer in
            answer.text.matches(of: #/"data":"([^"]*)"/#).map { String($0.1) }
        }
    }

    /// Bursts of all sizes, to a client that reads now and then: whole frames and halves, past NIO and by it.
    @Test(arguments: [1 as UInt64, 2, 3])
    func everyByteArrivesInOrderThoughTheClientIsSlow(seed: UInt64) async throws {
        try await SocketFixture.run(outboundBytes: 1 << 24) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 8_192)
            try client.send(Self.stream)
            client.read(until: "{\"position\"")
            var state = seed
            var texts: [String] = []
            for round in 0..<60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let size = Int(state >> 33) % (round % 5 == 0 ? 90_000 : 900)
                let burst = (0...(round % 4)).map { "\(round).\($0)." + String(repeating: "x", count: size) }
                try await fixture.publish(burst)
                texts += burst
                if round % 7 == 6 { client.read(until: "\"\(round).") }
            }
            try await fixture.publish(["last"])
            #expect(client.read(until: "\"last\"") == .enough)
            #expect(try payloads(client.bytes) == texts + ["last"])
        }
    }

    /// The socket's buffer is full in the midst of a frame; the rest must follow, whatever happens in between.
    @Test func halfAFrameIsCompleted() async throws {
        try await SocketFixture.run(outboundBytes: 65_536) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            try client.send(Self.stream)
            client.read(until: "{\"position\"")
            // Larger than the bound and than any buffer: accepted, for nothing else waits.
            let large = String(repeating: "y", count: 1 << 22)
            try await fixture.publish([large])
            // These found no room behind the first, and come from the ring once it has left.
            try await fixture.publish(["behind"])
            try await fixture.publish(["and behind that"])
            #expect(client.read(until: "\"and behind that\"") == .enough)
            #expect(try payloads(client.bytes) == [large, "behind", "and behind that"])
        }
        try await SocketFixture.run(outboundBytes: 65_536) { fixture in
            let client = try SocketClient(port: fixture.port, receiveBuffer: 4_096)
            try client.send(Self.stream)
            client.read(until: "{\"position\"")
            let large = String(repeating: "y", count: 1 << 22)
            try await fixture.publish([large])
            #expect(client.read(until: "yy\"}\n") == .enough)
            try await fixture.publish(["behind"])
            #expect(client.read(until: "\"behind\"") == .enough)
            #expect(try payloads(client.bytes) == [large, "behind"])
        }
    }

    /// Clients that are gone, with a reset that nobody has read yet, in the midst of those that aren't.
    @Test func clientsThatGoDuringAFanOutCostTheOthersNothing() async throws {
        try await SocketFixture.run { fixture in
            let staying = try (0..<10).map { _ in try SocketClient(port: fixture.port) }
            var going = try (0..<10).map { _ in try SocketClient(port: fixture.port) }
            for client in staying + going {
                try client.send(Self.stream)
                client.read(until: "{\"position\"")
            }
            try await fixture.eventually { $0.heldRequests == 20 }
            let texts = (0..<50).map { "event \($0)" }
            for (number, text) in texts.enumerated() {
                try await fixture.publish([text, text + "!"])
                if number % 5 == 0, let client = going.popLast() { client.reset() }
            }
            try await fixture.eventually { $0.heldRequests == 10 }
            for client in staying {
                #expect(client.read(until: "\"event 49!\"") == .enough)
                #expect(try payloads(client.bytes) == texts.flatMap { [$0, $0 + "!"] })
            }
        }
    }

    /// Descriptors are given anew at once: what is due to one that went must not reach one that came.
    @Test func whoeverComesInAnothersPlaceGetsNothingOfHis() async throws {
        try await SocketFixture.run { fixture in
            for round in 0..<100 {
                let old = try SocketClient(port: fixture.port)
                try old.send(Self.stream)
                old.read(until: "{\"position\"")
                try await fixture.publish(["old \(round)"])
                old.reset()
                try await fixture.publish(["between \(round)"])
                let new = try SocketClient(port: fixture.port)
                try await fixture.publish(["before \(round)"])
                try new.send(get("/health/live"))
                #expect(new.read(until: "\r\n\r\n") == .enough)
                #expect(new.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(!new.text.contains("\(round)\""))
            }
        }
    }
}
