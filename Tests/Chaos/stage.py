"""The cluster that a run plays on: started by `cluster/up` with a folder and ports of its own, or one that runs already."""

import asyncio
import contextlib
import json
import os
import signal
import time
from pathlib import Path

from held_answer import Cut, fetch
from processes import clean_environment, free_port
from redis_link import RedisLink
from resp import RedisReplyError

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_COMMAND = 90.0  # seconds
LONGEST_START = 1_800.0  # seconds: it may build first
# The inner ports lie 10,000 above the public one, and must be below the ephemeral range (32,768 and up) as well.
HIGHEST_PORT = 22_000


class StageError(Exception):
    """A command of cluster/ failed; its output is the exception's text."""


class Stage:
    """`environment`: HALLEY_ variables of this cluster alone. `joined`: the state folder of a cluster that runs."""

    def __init__(self, folder, workers=3, environment=None, joined=None):
        self.state = Path(joined or Path(folder) / "state")
        self.is_joined = joined is not None
        self.workers = workers
        self.environment = clean_environment({
            **({"HALLEY_BIN": os.environ["HALLEY_BIN"]} if "HALLEY_BIN" in os.environ else {}),
            **(environment or {}), "HALLEY_STATE": str(self.state)})
        self._log = Path(folder) / "cluster.log"
        self._strays = []  # (pid, birth) of old routers that a reload left behind

    async def up(self):
        if self.is_joined:
            self.workers = sum("worker-" in path.name for path in (self.state / "pids").iterdir())
            return
        port = free_port()
        while port > HIGHEST_PORT:
            port = free_port()
        await self.command("up", "--port", port, "--workers", self.workers, within=LONGEST_START)

    async def down(self):
        for pid, born in self._strays:
            if birth(pid) == born:
                os.kill(pid, signal.SIGKILL)
        if not self.is_joined and (self.state / "env").exists():
            await self.command("down")

    async def command(self, name, *arguments, within=LONGEST_COMMAND):
        """Runs cluster/NAME."""
        with open(self._log, "ab") as log:
            log.write(f"--- {time.monotonic():.3f} cluster/{name} {' '.join(map(str, arguments))}\n".encode())
            log.flush()
            process = await asyncio.create_subprocess_exec(
                REPOSITORY / "cluster" / name, *map(str, arguments), stdin=asyncio.subprocess.DEVNULL, stdout=log,
                stderr=asyncio.subprocess.STDOUT, env=self.environment)
            try:
                status = await asyncio.wait_for(process.wait(), within)
            except BaseException as error:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                if isinstance(error, TimeoutError):
                    raise StageError(f"cluster/{name} took over {within:.0f} s: {self._log}") from error
                raise
        if status != 0:
            raise StageError(f"cluster/{name} failed:\n{self._log.read_text(errors='replace')[-2_000:]}")

    # What it says of itself.

    def setting(self, name):
        """A line of the state folder's env: `export HALLEY_PORT=8080`."""
        for line in (self.state / "env").read_text().splitlines():
            key, found, value = line.removeprefix("export ").partition("=")
            if found and key == name:
                return value
        raise StageError(f"no {name} in {self.state / 'env'}")

    @property
    def port(self):
        return int(self.setting("HALLEY_PORT"))

    def redis_port(self):
        return int(self.setting("HALLEY_REDIS_PORT"))

    def redis(self):
        return RedisLink(self.redis_port)

    def worker_names(self):
        return [f"worker-{number}" for number in range(1, self.workers + 1)]

    def members(self):
        return ["redis", "coordinator-1", *self.worker_names(), "haproxy"]

    def pid(self, name):
        return int((self.state / "pids" / name).read_text())

    def is_alive(self, name):
        try:
            return birth(self.pid(name)) == (self.state / "births" / name).read_text().strip()
        except FileNotFoundError:
            return False

    def signal(self, name, number):
        if not self.is_alive(name):
            raise StageError(f"{name} does not run")
        os.kill(self.pid(name), number)

    def replaced(self, name, pid):
        """Notes that another process has taken a name over, as cluster/parts/processes.sh would; the old one is ended
        with the stage, if it hasn't by then."""
        old = self.pid(name)
        self._strays.append((old, birth(old)))
        (self.state / "births" / name).write_text(f"{birth(pid)}\n")
        (self.state / "pids" / name).write_text(f"{pid}\n")

    async def era(self):
        """Of Redis' data; None when there is none."""
        link = self.redis()
        try:
            born = await link.call("GET", "halley/born")
            return born.decode().split()[1] if born else None
        except (OSError, RedisReplyError):
            return None
        finally:
            link.close()

    async def redis_answers(self, within=30.0, every=0.01):
        """Waits until Redis takes commands (a Redis that loads its data doesn't), and returns when that was."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            link = self.redis()
            try:
                if await link.call("PING", within=1.0) == b"PONG":
                    return time.monotonic()
            except (OSError, RedisReplyError):
                pass
            finally:
                link.close()
            await asyncio.sleep(every)
        raise StageError(f"Redis did not answer within {within} s")

    async def gone(self, name, within=20.0):
        deadline = time.monotonic() + within
        while self.is_alive(name):
            if time.monotonic() > deadline:
                raise StageError(f"{name} did not end within {within} s")
            await asyncio.sleep(0.02)

    async def worker_addresses(self):
        """worker id -> port, as the leading coordinator has them."""
        try:
            _, body = await fetch(int(self.setting("HALLEY_ADMIN_PORT")), "GET", "/shards")
        except Cut as error:
            raise StageError(f"the coordinator doesn't tell its workers: {error}") from error
        return {worker["id"]: int(worker["address"].rpartition(":")[2]) for worker in json.loads(body)["workers"]}


def birth(pid):
    """Boot and start time of a running process, as in cluster/parts/processes.sh; None when it is gone, with all of its
    threads: until then it holds its ports."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX" and int(fields[17]) <= 1:
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {fields[19]}"
