"""The conductor's end of a crowd's process: commands go down, states come up."""

import asyncio
import ctypes
import json
import signal
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("crowd_process.py")
LONGEST_FINISH = 30.0  # seconds


class CrowdError(Exception):
    """The process in which subscribers live has ended, or the crowd doesn't come to where it should."""


class CrowdLink:
    def __init__(self, number, people, port, folder):
        self._plan = Path(folder) / f"plan-{number}.json"
        self._plan.write_text(json.dumps({"port": port, "people": people}))
        self.records = Path(folder) / f"received-{number}.jsonl"
        self._log = Path(folder) / f"crowd-{number}.log"
        self.state = {"members": len(people), "open": 0, "dead": 0, "deaf": 1, "caught up": 0, "behind": len(people),
                      "cpu": 0.0, "lag": 0.0}
        self.worst_lag = 0.0  # seconds
        self._process = self._listening = None

    async def start(self):
        with open(self._log, "wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(PROGRAM), str(self._plan), str(self.records), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=log, preexec_fn=_die_with_parent)
        self._listening = asyncio.create_task(self._listen())

    def tell(self, what, **details):
        if self._process.returncode is not None:
            raise CrowdError(f"the crowd's process has ended:\n{self._log.read_text()[-2_000:]}")
        self._process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")

    async def _listen(self):
        while line := await self._process.stdout.readline():
            self.state = json.loads(line)
            self.worst_lag = max(self.worst_lag, self.state["lag"])

    async def finish(self):
        """Ends it, its records written."""
        self.tell("finish")
        status = await asyncio.wait_for(self._process.wait(), LONGEST_FINISH)
        await self._listening
        if status != 0:
            raise CrowdError(f"the crowd's process ended with {status}:\n{self._log.read_text()[-2_000:]}")

    async def kill(self):
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._listening is not None:
            self._listening.cancel()


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
