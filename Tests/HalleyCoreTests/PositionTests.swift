import HalleyCore
import Testing

@Suite struct PositionTests {
    @Test func readsWhatItWrites() throws {
        let durable = try Position(parsing: "1795359771922-57.aB3xYz")
        #expect(durable.id == EventID(milliseconds: 1_795_359_771_922, counter: 57))
        #expect(durable.era == Era("aB3xYz"))
        #expect(durable.cursor == nil)

        let live = try Position(parsing: "1795359771922-57.aB3xYz~0123456789abcdef.4711")
        #expect(live.cursor == LiveCursor(incarnation: Incarnation(bits: 0x0123_4567_89AB_CDEF), count: 4711))
        #expect(live.description == "1795359771922-57.aB3xYz~0123456789abcdef.4711")
    }

    @Test(arguments: [
        "", "0", "-1", "1", "latest", "99999999999999-0", "1-18446744073709551616", "1-18446744073709551616.aB3xYz",
        "1-1.", "1-1.aB3xY", "1-1.aB3xYz.", "1-1.aB3xYz~", "1-1.aB3xYz~.", "1-1.aB3xYz~0123456789abcdef",
        "1-1.aB3xYz~0123456789abcdef.", "1-1.aB3xYz~0123456789abcdef.-1", "1-1.aB3xYz~0123456789abcdef.01",
        "1-1.aB3xYz~0123456789ABCDEF.1", "1-1.aB3xYz~0123456789abcdef.1.2", "1-1.aB3xYz~0123456789abcdef.1~",
        "1-1.aB3xYz~~0123456789abcdef.1", "1-1.aB3xYz~0123456789abcdef.18446744073709551616", "~0123456789abcdef.1",
        " 1-1.aB3xYz", "1-1.aB3xYz ", "1-1.aB3xYz\r\n", "1-1.aB3xYz\0", "x\r\nFLUSHALL\r\n", "01-1.aB3xYz",
        "1-1.aB3xYz,2-2.aB3xYz", "1-1.aB3xYz~\u{301}0123456789abcdef.1", "../1-1.aB3xYz", "%s",
    ])
    func hostilePositions(text: String) {
        #expect(throws: PositionError.malformed) { try Position(parsing: text) }
    }

    @Test func lengthIsJudgedFirst() {
        let padded = "1-1.aB3xYz" + String(repeating: "0", count: 503)
        #expect(padded.utf8.count == 513)
        #expect(throws: PositionError.tooLong) { try Position(parsing: padded) }
        #expect(throws: PositionError.malformed) { try Position(parsing: padded.dropLast()) }
        #expect(throws: PositionError.tooLong) { try Position(parsing: String(repeating: "~", count: 1 << 20)) }
    }

    @Test func theLongestPositionFits() throws {
        let id = EventID(milliseconds: .max, counter: .max)
        let era = try #require(Era("ZZZZZZ"))
        let cursor = LiveCursor(incarnation: Incarnation(bits: .max), count: .max)
        let position = Position(id: id, era: era, cursor: cursor)
        #expect(position.description.utf8.count < Position.maximumLength)
        #expect(try Position(parsing: position.description) == position)
        var written: [UInt8] = []
        position.append(to: &written)
        #expect(String(decoding: written, as: UTF8.self) == position.description)
    }

    @Test func noRefusalEchoesTheText() {
        let secret = "<script>1-1"
        do {
            _ = try Position(parsing: secret)
            Issue.record("taken")
        } catch {
            #expect(!error.description.contains("script"))
        }
    }

    @Test func randomPositionsSurviveTheirText() throws {
        var random = SeededGenerator(seed: 3)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        for _ in 0..<1_000 {
            let letters = (0..<6).compactMap { _ in alphabet.randomElement(using: &random) }
            let position = Position(
                id: EventID(milliseconds: random.next(), counter: random.next() >> 40),
                era: try #require(Era(String(letters))),
                cursor: Bool.random(using: &random)
                    ? LiveCursor(incarnation: Incarnation(bits: random.next()), count: random.next()) : nil)
            #expect(try Position(parsing: position.description) == position)
            var written: [UInt8] = []
            position.append(to: &written)
            #expect(String(decoding: written, as: UTF8.self) == position.description)
        }
    }

    /// Every single-byte change either is refused or is read as another position: two texts are never one position.
    @Test func noTwoTextsAreOnePosition() throws {
        let text = Array("1795359771922-57.aB3xYz~0123456789abcdef.4711".utf8)
        let original = try Position(parsing: String(decoding: text, as: UTF8.self))
        for index in text.indices {
            for byte in UInt8.min ... .max where byte != text[index] {
                var changed = text
                changed[index] = byte
                let position = try? Position(parsing: String(decoding: changed, as: UTF8.self))
                #expect(position != original)
            }
        }
    }
}
