"""One run, from `cluster/up` to the verdict.

  arrive    all subscribe
  warm      a marker on every channel, until everybody has heard one on each of theirs
  load      publishers publish, subscribers live by their habits, the fault strikes
  calm      no new events; everybody is here and reads
  final     a last marker on every channel; whoever has heard it has caught up
"""

import asyncio
import json
import random
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crowd_link import CrowdLink
from evidence import Evidence
from population import channel_names, population
from publisher import Publishers
from record import FINAL, WARM
from scene import Scene
from stage import Stage
from stalling_proxy import StallingProxy
from verdict import Verdict

LONGEST_WARMING = 30.0  # seconds
WARM_EVERY = 0.5  # seconds between markers
LONGEST_FAULT = 120.0  # seconds beyond the load
AFTERMATH = 3.0  # seconds that the load lasts at least after the last strike
LONGEST_ACKNOWLEDGING = 15.0  # seconds
LONGEST_CATCHING_UP = 40.0  # seconds: a poll may last 25


@dataclass(frozen=True)
class Settings:
    seed: int = 1
    seconds: float = 30.0
    rate: int = 300
    channels: int = 200
    subscribers: int = 600
    workers: int = 3
    crowds: int = 1
    arriving: float = 2.0  # seconds over which subscribers arrive
    live_share: float = 0.05
    only_live: bool = False
    habits: bool = True
    joined: str | None = None
    is_timed: bool = True
    keeps: bool = False


class RunError(Exception):
    """The run did not come to where it should; its text says what was waited for."""


class Run:
    """`stage` stands in for a cluster in the harness' own tests."""

    def __init__(self, fault, settings, stage=None, say=lambda text: None):
        self.fault, self.settings, self.say = fault, settings, say
        self.folder = Path(tempfile.mkdtemp(prefix=f"chaos-{fault.name}-"))
        self.evidence = Evidence(fault.name)
        self._crowds, self._publishers, self._proxy, self._stage = [], None, None, stage

    async def play(self):
        """Returns the result as JSON has it. The folder is removed when it passes, and named in the result when not."""
        began = time.monotonic()
        try:
            await self._play()
        except Exception as error:  # any trouble of the run's own fails it
            self.evidence.trouble = f"{type(error).__name__}: {error}"
        finally:
            cpu = round(sum(crowd.state["cpu"] for crowd in self._crowds), 2)
            lag = max((crowd.worst_lag for crowd in self._crowds), default=0.0)
            await self._clear()
        verdict = Verdict(self.fault, self.evidence, self.settings.is_timed)
        took = round(time.monotonic() - began, 1)
        result = {
            **verdict.result(), "seed": self.settings.seed, "rate": self.settings.rate,
            "channels": self.settings.channels, "took": took,
            "publish_errors": dict(self._publishers.errors) if self._publishers else {},
            "harness": {"cpu": cpu, "lag": lag, "own cpu": round(time.process_time(), 2)},
            "folder": None, "summary": f"{verdict.summary()}; {took:.0f} s",
        }
        if verdict.passes and not self.settings.keeps:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            result["folder"] = str(self.folder)
            (self.folder / "result.json").write_text(json.dumps(result, indent=1))
        return result

    async def _play(self):
        await self._set_up()
        scene = self._scene()
        await self._warm()
        self.evidence.first_era = await self._era()
        self.say("load")
        self._publishers.start()
        if self.settings.habits:
            self._tell("roam")
        ends = time.monotonic() + scene.seconds
        try:
            async with asyncio.timeout(scene.seconds + LONGEST_FAULT):
                await self.fault.play(scene)
        finally:
            self.evidence.strikes, self.evidence.backs = scene.strikes, scene.backs
            self.evidence.noticed = scene.noticed
        struck = max((when for when, _ in scene.strikes), default=0.0)
        await asyncio.sleep(max(0.0, max(ends, struck + AFTERMATH) - time.monotonic()))
        self.say("calm")
        self._tell("calm")
        await self._publishers.stop(LONGEST_ACKNOWLEDGING)
        await self._publishers.mark(FINAL, LONGEST_ACKNOWLEDGING)
        self.evidence.last_era = await self._era()
        await self._catch_up()
        if dead := [name for name in self._stage.members() if not self._stage.is_alive(name)]:
            raise RunError(f"died of it: {', '.join(dead)}; see {self._stage.state / 'logs'}")

    async def _era(self):
        """Of Redis' data. A run that doesn't know it would take every gap for one of a new era."""
        era = await self._stage.era()
        if era is None:
            raise RunError("Redis doesn't tell the era of its data")
        return era

    async def _set_up(self):
        environment = dict(self.fault.environment)
        if self.fault.has_proxy:
            self._proxy = StallingProxy(lambda: self._stage.redis_port())
            await self._proxy.start()
            environment["HALLEY_WORKER_REDIS"] = f"redis://127.0.0.1:{self._proxy.port}"
        if environment and self.settings.joined:
            raise RunError(f"{self.fault.name} needs a cluster of its own, started with {environment}")
        self._stage = self._stage or Stage(self.folder, self.settings.workers, environment, self.settings.joined)
        self.say("cluster/up")
        await self._stage.up()
        settings = self.settings
        channels = channel_names(settings.channels)
        self._publishers = Publishers(self._stage.redis_port, "halley", channels, settings.rate, settings.seed,
                                      live_share=settings.live_share, only_live=settings.only_live, history=self.fault.history)
        people = population(settings.subscribers, channels, settings.seed, settings.habits)
        for number in range(settings.crowds):
            crowd = CrowdLink(number + 1, people[number::settings.crowds], self._stage.port, self.folder)
            self._crowds.append(crowd)
            await crowd.start()

    def _scene(self):
        rng = random.Random(f"{self.fault.name} {self.settings.seed}")
        return Scene(self._stage, self._publishers, self._crowds, self._proxy, rng, self.settings.seconds)

    async def _warm(self):
        self.say("arrive")
        self._tell("arrive", within=self.settings.arriving)
        await asyncio.sleep(self.settings.arriving)
        deadline = time.monotonic() + LONGEST_WARMING
        while self._sum("deaf"):
            if time.monotonic() > deadline or self._sum("dead"):
                break
            await self._publishers.mark(WARM)
            await asyncio.sleep(WARM_EVERY)
        if self._sum("deaf") or self._sum("dead"):
            raise RunError(f"not all hear, before anything happened: {self._sum('dead')} are dead, "
                           f"{self._sum('deaf')} channels silent")

    async def _catch_up(self):
        """Until everybody has heard the last markers; the judge says what is missing of those who haven't."""
        deadline = time.monotonic() + LONGEST_CATCHING_UP
        marked = time.monotonic()
        while self._sum("behind") and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            if self.settings.only_live and time.monotonic() > marked + WARM_EVERY:  # a live marker may be missed
                await self._publishers.mark(FINAL)
                marked = time.monotonic()
        if self._sum("behind"):
            self.evidence.trouble = f"{self._sum('behind')} subscribers had not caught up after {LONGEST_CATCHING_UP:.0f} s"

    async def _clear(self):
        """Ends everything, whatever state it is in; what was heard until then is evidence."""
        for crowd in self._crowds:
            try:
                await crowd.finish()
            except Exception as error:
                self.evidence.trouble = self.evidence.trouble or str(error)
                await crowd.kill()
        if self._publishers:
            self._publishers.close()
            self.evidence.publications = self._publishers.publications
        if self._stage:
            try:
                await self._stage.down()
            except Exception as error:
                self.evidence.trouble = self.evidence.trouble or str(error)
        if self._proxy:
            self._proxy.close()
        self.evidence.write(self.folder)
        self.evidence.read_records(self.folder)
        if len(self.evidence.records) != self.settings.subscribers and not self.evidence.trouble:
            self.evidence.trouble = f"records of {len(self.evidence.records)} of {self.settings.subscribers} subscribers"

    def _tell(self, what, **details):
        for crowd in self._crowds:
            crowd.tell(what, **details)

    def _sum(self, what):
        return sum(crowd.state[what] for crowd in self._crowds)
