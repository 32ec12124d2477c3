/// Payloads that would break out of a script, a string, a part or a line, if they could; and what is large, empty or no text.
enum HostilePayloads {
    static let texts = [
        "hello", "", " ", "</script><script>alert(1)</script>", "<!--<script>", "]]>", "-->", "a&lt;b", "'\"\\",
        "\u{2028}\u{2029}", #"{"a":"\#u{2028}</script>"}"#, #""\\</script>""#, "{\"a\":[1,2,{}]}", "[]", "null",
        "1e400",
        #"{"__proto__":{"a":1}}"#, #"{"__proto__":1,"__proto__":2}"#, #"{"\u005f_proto__":1,"__pr\u006fto__":2}"#,
        #"{"a":{"__proto__":"\u2028<&>"}}"#, "__proto__", "😀e\u{301}\u{200D}\u{FEFF}", "\0\u{1}\u{7F}", "\r\n",
        "\n--halley\n",
        "\r\n--halley\r\n", "\r\n--halley--\r\n", "--halley", ");alert(1);(", "*/", "\u{E2}\u{80}", #""\ud800""#,
        String(repeating: "x<\u{2028}", count: 16_384),
    ]

    static let all: [[UInt8]] =
        texts.map { Array($0.utf8) } + [[0xFF, 0x00, 0x0A], [0xE2, 0x80], [0xE2, 0x80, 0xA8, 0xFF], Array(0...255)]
}
