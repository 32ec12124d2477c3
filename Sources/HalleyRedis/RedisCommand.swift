/// One command with its arguments. Each argument is a run of bytes with a length, so that no content, be it CR LF, NUL
/// or `%s`, can be taken for anything but itself.
public struct RedisCommand: Hashable, Sendable {
    /// All arguments, one behind the other: one allocation instead of one each.
    let content: [UInt8]
    /// How many bytes of ``content`` each argument has, in order.
    let lengths: [Int]

    /// A command by its name and arguments: `RedisCommand("HSET", key, "connections", 3)`.
    public init(_ arguments: any RedisArgument...) { self.init(arguments: arguments) }

    /// A command of as many arguments as the list has, the name first.
    /// - Precondition: there is a name.
    public init(arguments: [any RedisArgument]) {
        precondition(!arguments.isEmpty, "a command has a name")
        var content: [UInt8] = []
        var lengths: [Int] = []
        lengths.reserveCapacity(arguments.count)
        for argument in arguments {
            let before = content.count
            argument.append(to: &content)
            lengths.append(content.count - before)
        }
        self.content = content
        self.lengths = lengths
    }
}

extension RedisCommand: CustomStringConvertible {
    /// The name and the number of arguments. What they hold may be a secret.
    public var description: String {
        "\(String(decoding: content.prefix(lengths[0]), as: UTF8.self)) with \(lengths.count - 1) arguments"
    }
}

/// What can stand in a command: text (as UTF-8), bytes, and numbers (in decimal).
public protocol RedisArgument: Sendable {
    /// Appends the argument's bytes.
    func append(to bytes: inout [UInt8])
}

extension String: RedisArgument {
    /// Appends the UTF-8 bytes.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension Substring: RedisArgument {
    /// Appends the UTF-8 bytes.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

extension [UInt8]: RedisArgument {
    /// Appends the bytes as they are.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension Int: RedisArgument {
    /// Appends the number in decimal.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: String(self).utf8) }
}

extension Int64: RedisArgument {
    /// Appends the number in decimal.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: String(self).utf8) }
}

extension UInt64: RedisArgument {
    /// Appends the number in decimal.
    public func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: String(self).utf8) }
}
