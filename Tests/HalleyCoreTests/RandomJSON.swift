/// Draws JSON texts from the grammar itself (RFC 8259), spaces and escapes included.
enum RandomJSON {
    static func value(depth: Int, using random: inout SeededGenerator) -> String {
        let kind = Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random)
        let body =
            switch kind {
            case 0: ["null", "true", "false"][Int.random(in: 0..<3, using: &random)]
            case 1, 2: number(using: &random)
            case 3, 4: string(using: &random)
            case 5: array(depth: depth - 1, using: &random)
            default: object(depth: depth - 1, using: &random)
            }
        return space(using: &random) + body + space(using: &random)
    }

    private static func space(using random: inout SeededGenerator) -> String {
        ["", "", "", " ", "\n", "\r\n", "\t "][Int.random(in: 0..<7, using: &random)]
    }

    private static func digits(using random: inout SeededGenerator) -> String {
        String(
            (0..<Int.random(in: 1...20, using: &random)).map { _ in "0123456789"[Int.random(in: 0..<10, using: &random)]
            })
    }

    private static func number(using random: inout SeededGenerator) -> String {
        var text = Bool.random(using: &random) ? "-" : ""
        text += Bool.random(using: &random) ? "0" : "\(Int.random(in: 1...9, using: &random))" + digits(using: &random)
        if Bool.random(using: &random) { text += "." + digits(using: &random) }
        if Bool.random(using: &random) {
            text += ["e", "E", "e+", "E-"][Int.random(in: 0..<4, using: &random)] + digits(using: &random)
        }
        return text
    }

    private static func string(using random: inout SeededGenerator) -> String {
        let pieces = [
            "a", "Z", " ", "/", "'", "ü", "€", "🍪", "\u{7F}", "\u{2028}", "\u{FEFF}", #"\""#, #"\\"#, #"\/"#, #"\b"#,
            #"\f"#,
            #"\n"#, #"\r"#, #"\t"#, #"\u0000"#, #"\uD800"#, #"\uFfFf"#, "[", "}", ",", ":",
        ]
        let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        return "\"" + text.joined() + "\""
    }

    private static func array(depth: Int, using random: inout SeededGenerator) -> String {
        let items = (0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth, using: &random) }
        return items.isEmpty ? "[" + space(using: &random) + "]" : "[" + items.joined(separator: ",") + "]"
    }

    private static func object(depth: Int, using random: inout SeededGenerator) -> String {
        let members = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            space(using: &random) + string(using: &random) + space(using: &random) + ":"
                + value(depth: depth, using: &random)
        }
        return members.isEmpty ? "{" + space(using: &random) + "}" : "{" + members.joined(separator: ",") + "}"
    }
}

extension String {
    fileprivate subscript(offset: Int) -> Character { self[index(startIndex, offsetBy: offset)] }
}
