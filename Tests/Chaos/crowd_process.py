"""The process in which subscribers live: a program of its own, so that they have a core to themselves.

    crowd_process.py PLAN RECORDS

PLAN is a JSON file {"port": …, "people": […]}. Commands come a line each on stdin, as JSON:

  {"do": "arrive", "within": 2.0}      all begin to subscribe, spread over so many seconds
  {"do": "roam"}                       they live by their habits
  {"do": "away", "share": 0.3, "begin": [0, 3], "span": [1, 9]}    some steady ones leave, and come back by themselves
  {"do": "calm"}                       all are here and read
  {"do": "finish"}                     writes RECORDS, and ends

Several times a second it says on stdout how they fare: see `Crowd.state`.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Integration"))

import habits  # noqa: E402
from record import write_lines  # noqa: E402
from transports import TRANSPORTS  # noqa: E402

SAY_EVERY = 0.1  # seconds


class Crowd:
    def __init__(self, plan):
        self.members = []
        for person in plan["people"]:
            transport = TRANSPORTS[person["transport"]]
            member = transport.kind(person["name"], transport, person["habit"], person["channels"], plan["port"],
                                    random.Random(person["seed"]))
            if person["habit"] in ("slow", "asleep"):
                member.receive_buffer = habits.SLOW_BUFFER
            self.members.append((member, person["at_apex"]))
        self._rng = random.Random(len(self.members))
        self._habits = []
        self._worst_lag = 0.0

    async def arrive(self, within):
        for member, at_apex in self.members:
            member.arrive(at_apex)
            await asyncio.sleep(within / len(self.members))

    def roam(self):
        self._habits += [asyncio.create_task(habits.roam(member)) for member, _ in self.members]

    def away(self, share, begin, span):
        steady = [member for member, _ in self.members if member.record.habit == "steady"]
        for member in self._rng.sample(steady, int(len(steady) * share)):
            self._habits.append(asyncio.create_task(
                habits.be_away(member, self._rng.uniform(*begin), self._rng.uniform(*span))))

    async def calm(self):
        for task in self._habits:
            task.cancel()
        await asyncio.gather(*self._habits, return_exceptions=True)
        for member, _ in self.members:
            habits.calm(member)

    async def finish(self, path):
        await asyncio.gather(*(member.leave() for member, _ in self.members))
        write_lines(path, [member.record for member, _ in self.members])

    def state(self):
        """How they fare. `lag` is the longest that this process was late by since the last time, in seconds."""
        members = [member for member, _ in self.members]
        lag, self._worst_lag = self._worst_lag, 0.0
        return {
            "members": len(members),
            "open": sum(member.is_open for member in members),
            "dead": sum(member.is_dead for member in members),
            "deaf": sum(len(set(member.channels) - member.heard) for member in members if not member.is_dead),
            "caught up": sum(member.is_caught_up for member in members),
            "behind": sum(not (member.is_caught_up or member.is_dead) for member in members),
            "cpu": time.process_time(),
            "lag": round(lag, 3),
        }

    async def watch(self):
        while True:
            due = time.monotonic() + SAY_EVERY
            await asyncio.sleep(SAY_EVERY)
            self._worst_lag = max(self._worst_lag, time.monotonic() - due)
            print(json.dumps(self.state()), flush=True)


async def commands():
    """Lines from stdin; ends when whoever started us has ended."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def main(plan_path, records_path):
    crowd = Crowd(json.loads(Path(plan_path).read_text()))
    watching = asyncio.create_task(crowd.watch())
    async for command in commands():
        match command.pop("do"):
            case "arrive":
                await crowd.arrive(**command)
            case "roam":
                crowd.roam()
            case "away":
                crowd.away(**command)
            case "calm":
                await crowd.calm()
            case "finish":
                await crowd.finish(records_path)
                break
    watching.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
