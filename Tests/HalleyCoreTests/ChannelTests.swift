import HalleyCore
import Testing

@Suite struct ChannelTests {
    @Test(arguments: [
        "news", "user.42", "a", "0", "A-Z_a-z/0:9@x#y", ":", "/", "..", "../../etc", "opened", "Open", "errors",
        String(repeating: "c", count: 255),
    ])
    func allowedNames(text: String) throws { #expect(try Channel(text).name == text) }

    @Test func everyByteIsJudgedByTheAllowList() {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/@#".utf8)
        for byte in UInt8.min ... .max {
            let channel = try? Channel(bytes: [0x78, byte, 0x79])
            #expect((channel != nil) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test(arguments: ["open", "error"])
    func namesThatEventSourceDispatchesItself(text: String) {
        #expect(throws: ChannelError.reserved) { try Channel(text) }
    }

    @Test func lengthIsCountedInBytes() {
        #expect(throws: ChannelError.empty) { try Channel("") }
        #expect(throws: ChannelError.tooLong(256)) { try Channel(String(repeating: "c", count: 256)) }
        #expect(throws: ChannelError.tooLong(1 << 20)) { try Channel(String(repeating: "*", count: 1 << 20)) }
    }

    @Test(arguments: [
        "x\r\nFLUSHALL\r\n", "a\rb", "a\nb", "a\0", "a b", "*", "news*", "new?", "[a]", "{a}", "%s", "%b", "~gap",
        "a,b",
        "a=b", "a&b", "a\\b", "a\"b", "a'b", "<b>", "nеws", "ｎews", "néws", "ne\u{301}ws", "news\u{200B}",
        "\u{FEFF}news",
    ])
    func hostileNames(text: String) { #expect(throws: ChannelError.forbiddenCharacter) { try Channel(text) } }

    @Test func bytesThatAreNoTextAreRefused() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0xAF], [0x61, 0xED, 0xA0, 0x80], [0x61, 0x80]] {
            #expect(throws: ChannelError.forbiddenCharacter) { try Channel(bytes: bytes) }
        }
    }

    @Test func noRefusalEchoesTheName() {
        for name in ["<script>", "x\r\ny", String(repeating: "<", count: 300)] {
            do {
                _ = try Channel(name)
                Issue.record("\(name.count) characters were taken")
            } catch {
                #expect(!error.description.contains("<") && !error.description.contains("\n"))
            }
        }
    }

    @Test func orderIsThatOfBytes() throws {
        let names = ["Z", "a", "a.b", "a/b", "ab"]
        let channels = try names.map { try Channel($0) }
        #expect(channels.shuffled().sorted() == channels)
    }
}
