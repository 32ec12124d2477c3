"""A Redis client of one page: RESP2 over one blocking socket."""

import socket


class RedisReplyError(Exception):
    """Redis answered with an error; its text is the exception's."""


class Redis:
    def __init__(self, port, timeout=5.0):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._file = self._socket.makefile("rb")

    def __call__(self, *arguments):
        """Sends one command and returns its reply: bytes, int, None or a list of them."""
        self._socket.sendall(encode(arguments))
        return self._reply()

    def pipeline(self, commands):
        self._socket.sendall(b"".join(encode(command) for command in commands))
        return [self._reply() for _ in commands]

    def _reply(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self._file.read(length + 2)[:-2]
        if kind == b"*":
            count = int(rest)
            return None if count < 0 else [self._reply() for _ in range(count)]
        raise ConnectionError(f"not RESP: {line!r}")

    def close(self):
        self._file.close()
        self._socket.close()

    # What the tests ask most often.

    def publish(self, channel, payload, name="halley"):
        """PUBLISH to a user's channel; returns how many workers took it."""
        return self("PUBLISH", f"{name}:{channel}", payload)

    def subscribers(self, channel, name="halley"):
        """How many links are subscribed to a user's channel."""
        return self("PUBSUB", "NUMSUB", f"{name}:{channel}")[1]


def encode(arguments):
    parts = [argument if isinstance(argument, bytes) else str(argument).encode() for argument in arguments]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
