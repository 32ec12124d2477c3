"""A TCP proxy in front of Redis that can stall: from one moment to the next nothing comes through, in one direction or in
both, and nobody is told. Once healed, what was held back arrives late, as TCP does it after packets were dropped: on
connections that nobody has given up meanwhile."""

import asyncio
import contextlib
from pathlib import Path

TO_REDIS, FROM_REDIS = 0, 1
READ = 65_536  # bytes


class _Pair:
    def __init__(self, client_port):
        self.client_port = client_port
        self.gates = (asyncio.Event(), asyncio.Event())  # open: bytes pass
        for gate in self.gates:
            gate.set()


class StallingProxy:
    """`target_port` is asked for at each connection: Redis may not run yet when the proxy does."""

    def __init__(self, target_port):
        self._target_port = target_port
        self._pairs = set()
        self._tasks = set()
        self._stalled = lambda pair: ()  # directions in which a pair is stalled
        self._server = None

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stall(self, directions, client_ports=None):
        """Stalls present and new connections; `client_ports` is a function that returns the ports of those meant, None
        means all. Returns how many of the present ones it stalled."""
        self._stalled = lambda pair: (
            directions if client_ports is None or pair.client_port in client_ports() else ())
        return sum(self._apply(pair) for pair in self._pairs)

    def heal(self):
        self._stalled = lambda pair: ()
        for pair in self._pairs:
            self._apply(pair)

    def close(self):
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    def _apply(self, pair):
        stalled = self._stalled(pair)
        for direction, gate in enumerate(pair.gates):
            gate.clear() if direction in stalled else gate.set()
        return bool(stalled)

    async def _accept(self, near_reader, near_writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port())
        except OSError:
            near_writer.transport.abort()
            return
        pair = _Pair(near_writer.get_extra_info("peername")[1])
        self._pairs.add(pair)
        self._apply(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(near_reader, far_writer, pair.gates[TO_REDIS]))
                group.create_task(self._pump(far_reader, near_writer, pair.gates[FROM_REDIS]))
        except* (OSError, asyncio.CancelledError):  # one end has closed, or the proxy does
            pass
        finally:
            self._pairs.discard(pair)
            near_writer.transport.abort()
            far_writer.transport.abort()

    @staticmethod
    async def _pump(reader, writer, gate):
        data = b"first"
        while data:
            try:
                data = await reader.read(READ)
            except OSError:
                data = b""  # a reset is a packet as well: it passes when others do
            await gate.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionError("one end has closed")  # ends the other direction with it


def ports_of(pid):
    """Local ports of all TCP sockets that a process holds, by /proc: proc(5), /proc/pid/fd and /proc/net/tcp."""
    inodes = set()
    with contextlib.suppress(OSError):  # it may just have ended
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {int(fields[1].partition(":")[2], 16) for fields in map(str.split, lines) if fields[9] in inodes}
