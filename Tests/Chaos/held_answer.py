"""One HTTP/1.1 request over loopback and its answer, read as it comes: what every subscriber is made of."""

import asyncio
import socket

from http_wire import Body, Headers, head_of

LONGEST_HEAD = 32_768  # bytes
READ = 65_536  # bytes at most at a time


class Cut(Exception):
    """The connection couldn't be made, or ended before the answer did."""


class Wire:
    """A connection, with what was read of it and not yet used."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.buffer = bytearray()

    @classmethod
    async def open(cls, port, receive_buffer=None):
        """Every hostname of the cluster is answered on one port of loopback. A small `receive_buffer` (bytes) makes a
        reader whose slowness the server feels."""
        connection = socket.socket()
        try:
            connection.setblocking(False)
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=connection, limit=receive_buffer or READ)
        except OSError as error:
            connection.close()
            raise Cut(str(error)) from error
        except BaseException:
            connection.close()
            raise
        return cls(reader, writer)

    async def fill(self):
        try:
            data = await self.reader.read(READ)
        except OSError as error:
            raise Cut(str(error)) from error
        if not data:
            raise Cut("the connection was closed")
        self.buffer += data

    def close(self):
        self.writer.transport.abort()


class Answer:
    """The head of an answer, and its body in pieces."""

    def __init__(self, wire, status, headers):
        self.wire, self.status, self.headers = wire, status, headers
        self._body = Body(headers)

    @classmethod
    async def to(cls, wire, request):
        """Sends a request over an open connection, and waits for the head of its answer."""
        wire.writer.write(request)
        while b"\r\n\r\n" not in wire.buffer:
            if len(wire.buffer) > LONGEST_HEAD:
                raise Cut("a head without end")
            await wire.fill()
        head, _, rest = bytes(wire.buffer).partition(b"\r\n\r\n")
        wire.buffer = bytearray(rest)
        lines = head.decode("latin-1").split("\r\n")
        pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        return cls(wire, int(lines[0].split(" ", 2)[1]), Headers(pairs))

    async def pieces(self, may_read=None):
        """The body as it comes, until its end; raises Cut when the connection ends first. `may_read` is an event that
        a slow reader clears."""
        while True:
            content = self._body.take(self.wire.buffer)
            if content:
                yield content
            if self._body.is_complete:
                return
            if may_read is not None:
                await may_read.wait()
            try:
                await self.wire.fill()
            except Cut:
                if self._body.left is None and not self._body.is_chunked:
                    return  # a body without a length ends with its connection
                raise

    async def whole(self):
        return b"".join([piece async for piece in self.pieces()])

    @property
    def can_go_on(self):
        """Whether the connection takes another request."""
        return self._body.is_complete and (self.headers.get("Connection") or "").lower() != "close"


async def fetch(port, method, path, host="push.localhost", headers=None, body=b"", within=5.0):
    """(status, body) of one request on a connection of its own. Raises Cut, also when it takes over `within` seconds."""
    fields = {"Connection": "close", **(headers or {})}
    if body:
        fields["Content-Length"] = str(len(body))
    try:
        async with asyncio.timeout(within):
            wire = await Wire.open(port)
            try:
                answer = await Answer.to(wire, head_of(method, path, host, fields) + body)
                return answer.status, await answer.whole()
            finally:
                wire.close()
    except TimeoutError as error:
        raise Cut(f"no answer within {within} s") from error
