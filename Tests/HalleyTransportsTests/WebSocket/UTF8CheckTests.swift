import HalleyTransports
import SeededRandom
import Testing
import ThreadGate

@Suite(.occupiesThread) struct UTF8CheckTests {
    private func isText(_ bytes: [UInt8], inPartsOf length: Int = .max) -> Bool {
        var check = UTF8Check()
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            guard part.withUnsafeBytes({ check.takes($0) }) else { return false }
        }
        return check.isComplete
    }

    /// Every sequence of two bytes, and every third and fourth that could matter.
    @Test func agreesWithTheStandardLibrary() {
        let edges: [UInt8] = [0x7F, 0x80, 0xBF, 0xC0]
        let tails: [[UInt8]] = [[]] + edges.map { [$0] } + edges.flatMap { third in edges.map { [third, $0] } }
        for first in UInt8.min ... .max {
            var wrong: [[UInt8]] = []
            for second in UInt8.min ... .max {
                for tail in first < 0xC0 ? [[]] : tails {
                    let bytes = [first, second] + tail
                    if isText(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { wrong.append(bytes) }
                }
            }
            #expect(wrong.isEmpty)
        }
    }

    @Test(arguments: 0..<200)
    func agreesOnLongTextsInParts(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = Array("Hello-µ@ßöäüàá-UTF-8!! κόσμε 😀 ".utf8)
        bytes = Array(repeatElement(bytes, count: 4).joined())
        if random.oneIn(2) { bytes[Int.random(in: 0..<bytes.count, using: &random)] = random.bytes(1)[0] }
        let expected = String(validating: bytes, as: UTF8.self) != nil
        for length in [1, 3, 8, 9, .max] { #expect(isText(bytes, inPartsOf: length) == expected) }
    }
}
