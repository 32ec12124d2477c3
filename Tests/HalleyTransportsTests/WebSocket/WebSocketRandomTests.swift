import HalleyBroker
import HalleyCore
import HalleyHub
import NIOCore
import SeededRandom
import Testing
import ThreadGate

import struct HalleyCore.Channel

/// Random lives of WebSockets on one worker: channels come and go, links are lost, readers stop reading and fall behind, or
/// are closed in the midst of a fan-out where rings are small. A client's view is checked message by message, and in the end nothing is left behind.
@Suite(.occupiesThread) struct WebSocketRandomTests {
    @Test(arguments: 0..<20)
    func keepTheirPromises(block: UInt64) throws {
        var words = Words()
        for seed in block * 15..<(block + 1) * 15 {
            var life = try SocketsLife(seed: seed)
            for _ in 0..<120 { try life.step() }
            try life.end()
            try #require(life.complaints.isEmpty, "seed \(seed): \(life.complaints.prefix(3))")
            words.add(life.words)
        }
        #expect(
            words.joined > 20 && words.own > 20 && words.events > 500 && words.cut > 3, "or nothing was tried: \(words)"
        )
    }
}

/// What was seen, so that a test that tries nothing is found out.
private struct Words {
    var joined = 0
    var own = 0
    var events = 0
    /// Sockets that were closed as too slow.
    var cut = 0

    mutating func add(_ other: Words) {
        joined += other.joined
        own += other.own
        events += other.events
        cut += other.cut
    }
}

private struct SocketsLife {
    private(set) var complaints: [String] = []
    private(set) var words = Words()
    private var random: SeededGenerator
    private let fixture: ServerFixture
    private let channels = (0..<5).map { named("c\($0)") }
    private var sockets: [EmbeddedWebSocket] = []
    private var published = 0
    private var positions: [Position] = []

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        fixture = try ServerFixture(ringEvents: seed % 3 == 0 ? 1 : 100_000)
    }

    mutating func step() throws {
        let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
        switch Int.random(in: 0..<30, using: &random) {
        case 0..<6:
            // Within one turn, now and then more than a reader may leave unread.
            for _ in 0..<Int.random(in: 1...4, using: &random) { publish(on: channel) }
            fixture.loop.run()
        case 6..<9:
            published += 1
            fixture.broker.publishDurable(Array("\(published)".utf8), on: channel)
            fixture.loop.run()
        case 9, 10:
            guard sockets.count < 6 else { return }
            let query = random.some(of: channels).map { "channel=\($0)" }.joined(separator: "&")
            sockets.append(try EmbeddedWebSocket(fixture, "/events?\(query)", settles: random.oneIn(2)))
        case 11..<17: try subscribe()
        case 17..<20: try send(#"{"unsubscribe":["\#(channel)"]}"#)
        case 20:
            let isWritable = random.oneIn(2)
            socket()?.client.setWritable(isWritable)
        case 21: if random.oneIn(3) { fixture.broker.lose() }
        case 22: fixture.broker.restore()
        case 23:
            fixture.broker.confirm(2)
            fixture.loop.run()
        case 24, 25:
            fixture.broker.settle()
            fixture.loop.run()
        case 26: fixture.broker.tick()
        case 27: fixture.pass(.milliseconds(.random(in: 1...2_000, using: &random)))
        case 28: try socket()?.send(ClientFrame.bytes(ClientFrame.ping, [1]))
        default: if random.oneIn(3), let socket = socket() { try end(socket) }
        }
        if let position = fixture.hub.position, random.oneIn(6) { positions.append(position) }
        for socket in sockets where !socket.client.isOpen { try end(socket) }
    }

    private mutating func socket() -> EmbeddedWebSocket? { sockets.randomElement(using: &random) }

    private mutating func publish(on channel: Channel) {
        published += 1
        let padding = random.oneIn(6) ? String(repeating: " ", count: 40_000) : ""
        fixture.broker.publish(Array("\(published)\(padding)".utf8), on: channel)
    }

    private mutating func subscribe() throws {
        let wanted = random.some(of: channels)
        guard !wanted.isEmpty else { return }
        let list = wanted.map { "\"\($0)\"" }.joined(separator: ",")
        let position = random.oneIn(2) ? positions.randomElement(using: &random) : nil
        try send("{\"subscribe\":[\(list)]" + (position.map { ",\"position\":\"\($0)\"}" } ?? "}"))
    }

    private mutating func send(_ text: String) throws {
        guard let socket = socket(), socket.client.isOpen else { return }
        try socket.send(text)
    }

    // MARK: - A client's view

    private mutating func end(_ socket: EmbeddedWebSocket) throws {
        sockets.removeAll { $0 === socket }
        if !socket.client.isOpen { words.cut += 1 }
        socket.client.close()
        fixture.loop.run()
        try judge(try socket.messages)
    }

    private mutating func judge(_ messages: [[String: Any]]) throws {
        var newest: [String: Int] = [:]
        var present: Set<String> = []
        var own: Set<String> = []
        var open: Set<String> = []
        for message in messages {
            let names = message["channels"] as? [String]
            if let subscribed = message["subscribed"] as? [String: Any] {
                let names = Set(subscribed["channels"] as? [String] ?? [])
                if !names.isDisjoint(with: present) { complaints.append("subscribed twice: \(names)") }
                // Where neither is said the first event will tell.
                if message["own"] != nil {
                    own.formUnion(names)
                } else if message["position"] == nil {
                    open.formUnion(names)
                }
                present.formUnion(names)
                for name in names { newest[name] = nil }
            } else if let joined = message["joined"] as? [String] {
                words.joined += 1
                if !present.isSuperset(of: joined) { complaints.append("\(joined) joined before they were subscribed") }
                own.subtract(joined)
                open.subtract(joined)
            } else if let left = message["unsubscribed"] as? [String] {
                present.subtract(left)
                own.subtract(left)
                open.subtract(left)
            } else if let channel = message["channel"] as? String {
                words.events += 1
                if message["own"] != nil { words.own += 1 }
                if !present.contains(channel) { complaints.append("an event of \(channel), which it hasn't got") }
                if !open.contains(channel), own.contains(channel) != (message["own"] != nil) {
                    complaints.append("whose position? \(message)")
                }
                let number = (message["data"] as? Int) ?? 0
                if number <= newest[channel] ?? 0 { complaints.append("\(number) behind \(newest[channel] ?? 0)") }
                newest[channel] = number
            } else if let gap = message["gap"] as? [String: Any], let channel = gap["channel"] as? String {
                if !present.contains(channel) { complaints.append("a gap of \(channel), which it hasn't got") }
                if !open.contains(channel), own.contains(channel) != (message["own"] != nil) {
                    complaints.append("whose position? \(message)")
                }
            } else if message["own"] != nil, names == nil {
                complaints.append("whose own? \(message)")
            }
        }
    }

    mutating func end() throws {
        for socket in sockets { socket.client.setWritable(true) }
        fixture.broker.restore()
        for _ in 0..<3 {
            fixture.broker.settle()
            fixture.loop.run()
            fixture.pass(.seconds(1))
        }
        // All is mended: whatever was asked for has joined, and hears.
        let live = try sockets.filter { try $0.client.isOpen && $0.closeCode == nil }
        for channel in channels { publish(on: channel) }
        fixture.loop.run()
        for socket in live where socket.client.isOpen {
            let missing = try socket.pending
            if !missing.isEmpty { complaints.append("never joined: \(missing)") }
        }
        for socket in sockets { try end(socket) }
        if fixture.server.heldRequests != 0 { complaints.append("\(fixture.server.heldRequests) still held") }
        positions = []
        // A reading that is under way holds whom it is for.
        fixture.broker.settle()
        fixture.pass(.seconds(62))
        if !fixture.broker.wanted.isEmpty { complaints.append("still wanted: \(fixture.broker.wanted)") }
        if fixture.hub.bytesInUse != 0 { complaints.append("\(fixture.hub.bytesInUse) bytes of events are held") }
    }
}

extension EmbeddedWebSocket {
    /// Channels that were added and haven't joined the others.
    fileprivate var pending: Set<String> {
        get throws {
            var present: Set<String> = []
            var own: Set<String> = []
            for message in try messages {
                if let subscribed = message["subscribed"] as? [String: Any] {
                    let names = subscribed["channels"] as? [String] ?? []
                    if message["own"] != nil { own.formUnion(names) }
                    present.formUnion(names)
                }
                own.subtract(message["joined"] as? [String] ?? [])
                own.subtract(message["unsubscribed"] as? [String] ?? [])
                present.subtract(message["unsubscribed"] as? [String] ?? [])
            }
            return own
        }
    }
}
