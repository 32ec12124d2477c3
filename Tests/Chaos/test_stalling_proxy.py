"""The proxy holds bytes back and loses none."""

import asyncio
import contextlib

import pytest

from stalling_proxy import FROM_REDIS, TO_REDIS, StallingProxy

SOON = 0.1  # seconds in which a byte comes through that isn't held back


@contextlib.asynccontextmanager
async def echo_behind_a_proxy():
    async def echo(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(1_000):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = StallingProxy(lambda: server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"ping")
    assert await reader.readexactly(4) == b"ping"
    yield proxy, reader, writer
    writer.close()
    proxy.close()
    server.close()


def run(test):
    async def body():
        async with asyncio.timeout(10), echo_behind_a_proxy() as parts:
            await test(*parts)

    asyncio.run(body())


@pytest.mark.parametrize("directions", [(TO_REDIS,), (FROM_REDIS,), (TO_REDIS, FROM_REDIS)])
def test_what_was_held_back_comes_late_and_whole(directions):
    async def body(proxy, reader, writer):
        assert proxy.stall(directions) == 1
        writer.write(b"held ")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), SOON)
        writer.write(b"back")
        proxy.heal()
        assert await reader.readexactly(9) == b"held back"

    run(body)


def test_new_connections_are_stalled_too():
    async def body(proxy, reader, writer):
        proxy.stall((FROM_REDIS,))
        late_reader, late_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        late_writer.write(b"late")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late_reader.read(1), SOON)
        proxy.heal()
        assert await late_reader.readexactly(4) == b"late"
        late_writer.close()

    run(body)


def test_only_those_meant_are_stalled():
    async def body(proxy, reader, writer):
        assert proxy.stall((FROM_REDIS,), lambda: {1}) == 0
        writer.write(b"free")
        assert await reader.readexactly(4) == b"free"

    run(body)


def test_an_end_that_closes_closes_the_other():
    async def body(proxy, reader, writer):
        writer.write_eof()
        assert await reader.read() == b""

    run(body)
