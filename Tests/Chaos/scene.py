"""What a fault plays on, and where it notes when it struck."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from publisher import Publishers
from stage import Stage
from stalling_proxy import StallingProxy


@dataclass
class Scene:
    stage: Stage
    publishers: Publishers
    crowds: list
    proxy: StallingProxy | None  # between workers and Redis, where the fault needs one
    rng: random.Random
    seconds: float  # how long the load lasts that is left
    strikes: list = field(default_factory=list)  # [when, what]
    backs: list = field(default_factory=list)  # when Redis answered again, after it was away
    noticed: list = field(default_factory=list)  # seconds until a worker said that its link is deaf

    def strikes_now(self, what):
        """To be said before the blow: what it does may be seen before the call that deals it is over."""
        self.strikes.append([time.monotonic(), what])

    def came_back(self, when):
        self.backs.append(when)

    async def pause(self, share):
        """Lets a share of the load pass."""
        await asyncio.sleep(share * self.seconds)

    @property
    def is_long(self):
        """Whether there is time for a fault to strike twice."""
        return self.seconds >= 20

    def some_worker(self):
        return self.rng.choice([name for name in self.stage.worker_names() if self.stage.is_alive(name)])
