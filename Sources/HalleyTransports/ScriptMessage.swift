import HalleyCore
import HalleyHub

/// The JSON messages as arguments of a script's call: what JSONP and the forever frame hand to a browser.
///
/// JSON is JavaScript but for two things, and an HTML parser reads along:
/// - `<` could begin `</script>` or `<!--`, and U+2028 and U+2029 ended a line before ECMAScript 2019. JSON has them in
///   strings alone, where `\u003c` says the same;
/// - `"__proto__":` in an object literal sets the prototype, and twice it is a syntax error, with which the whole script
///   would fail. An event that might hold it goes through `JSON.parse`, which makes a member like any other.
package enum ScriptMessage {
    package static func append(_ delivery: Delivery, to output: inout [UInt8]) {
        var message: [UInt8] = []
        message.reserveCapacity(delivery.payload.count + 160)
        JSONMessage.append(delivery, to: &message) { json, message in
            guard mayNamePrototype(json) else { return JSONText.appendOneLine(json, to: &message) }
            message.append(contentsOf: "JSON.parse(".utf8)
            JSONText.appendString(json, to: &message)
            message.append(UInt8(ascii: ")"))
        }
        appendEscaped(message, to: &output)
    }

    package static func append(_ gap: Gap, to output: inout [UInt8]) {
        var message: [UInt8] = []
        JSONMessage.append(gap, to: &message)
        appendEscaped(message, to: &output)
    }

    package static func appendEscaped(_ json: [UInt8], to output: inout [UInt8]) {
        var index = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "<"): output.append(contentsOf: #"\u003c"#.utf8)
            case UInt8(ascii: ">"): output.append(contentsOf: #"\u003e"#.utf8)
            case UInt8(ascii: "&"): output.append(contentsOf: #"\u0026"#.utf8)
            case 0xE2 where index + 2 < json.count && json[index + 1] == 0x80 && json[index + 2] | 1 == 0xA9:
                output.append(contentsOf: (json[index + 2] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8)
                index += 2
            case let byte: output.append(byte)
            }
            index += 1
        }
    }

    /// Whether a member's name may be `__proto__`: it stands there, or a letter of some name is written as an escape.
    private static func mayNamePrototype(_ json: [UInt8]) -> Bool {
        guard json.contains(UInt8(ascii: "{")) else { return false }
        return json.indices.contains { index in
            switch json[index] {
            case UInt8(ascii: "_"): json[index...].starts(with: "__proto__".utf8)
            case UInt8(ascii: "\\"): json[index...].starts(with: #"\u00"#.utf8)
            default: false
            }
        }
    }
}
