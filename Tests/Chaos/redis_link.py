"""A Redis connection for asyncio, one command at a time, that opens itself again when it is needed."""

import asyncio

from resp import RedisReplyError, encode


class RedisLink:
    """`port` is asked for at each opening: a cluster's Redis has none before it is started."""

    def __init__(self, port):
        self._port = port
        self._reader = self._writer = None
        self._turn = asyncio.Lock()

    async def call(self, *arguments, within=2.0):
        """Sends one command and returns its reply.

        Raises RedisReplyError, or OSError (TimeoutError among them) after which the command may have been carried out
        or not.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(within):
                    if self._writer is None:
                        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port())
                    self._writer.write(encode(arguments))
                    return await self._reply()
            except RedisReplyError:
                raise
            except asyncio.IncompleteReadError as error:
                self.close()
                raise ConnectionError("Redis closed the connection") from error
            except BaseException:
                self.close()
                raise

    async def _reply(self):
        line = await self._reader.readuntil(b"\r\n")
        kind, rest = line[:1], line[1:-2]
        match kind:
            case b"+":
                return rest
            case b"-":
                raise RedisReplyError(rest.decode())
            case b":":
                return int(rest)
            case b"$":
                length = int(rest)
                return None if length < 0 else (await self._reader.readexactly(length + 2))[:-2]
            case b"*":
                count = int(rest)
                return None if count < 0 else [await self._reply() for _ in range(count)]
        raise ConnectionError(f"not RESP: {line!r}")

    def close(self):
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None
