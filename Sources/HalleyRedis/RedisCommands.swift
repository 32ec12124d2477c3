/// Something that commands can be sent to: one connection, or a link that mends itself.
public protocol RedisCommands: Sendable {
    /// Sends a command and waits for its reply.
    /// - Throws: ``RedisErrorReply``, which Redis answered, or ``RedisError``. Cancellation doesn't shorten the wait, which
    ///   ``RedisLinkOptions/replyDeadline`` bounds.
    @discardableResult
    func send(_ command: RedisCommand) async throws -> RESPValue
}

extension RedisCommands {
    /// Sends a command given by its name and arguments, and waits for its reply:
    /// `try await redis.send("HSET", key, "connections", 3)`.
    @discardableResult
    public func send(_ arguments: any RedisArgument...) async throws -> RESPValue {
        try await send(RedisCommand(arguments: arguments))
    }
}
