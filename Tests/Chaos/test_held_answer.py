"""An answer is read however it is cut: a backlog may come in one piece with the head."""

import asyncio

import pytest

from held_answer import LONGEST_HEAD, Answer, Cut, Wire
from http_wire import head_of


def asked(answer):
    """What a client makes of these bytes, sent at once: (status, content)."""
    async def ask():
        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        wire = await Wire.open(server.sockets[0].getsockname()[1])
        try:
            found = await Answer.to(wire, head_of("GET", "/"))
            return found.status, await found.whole()
        finally:
            wire.close()
            server.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("length", [0, 1, LONGEST_HEAD, 3 * LONGEST_HEAD])
def test_a_long_body_may_come_with_its_head(length):
    assert asked(b"HTTP/1.1 200 OK\r\n\r\n" + length * b"x") == (200, length * b"x")


def test_a_head_has_an_end():
    with pytest.raises(Cut, match="a head without end"):
        asked(b"HTTP/1.1 200 OK\r\nX: " + 4 * LONGEST_HEAD * b"x")
