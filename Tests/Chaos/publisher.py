"""Publishers as real ones are: each sends one event after the other and sends again, under the same idempotency key,
until it is acknowledged. Every attempt and every acknowledgement is written down."""

import asyncio
import json
import random
import time
import zlib
from collections import Counter

from record import FINAL, LOAD, Publication
from redis_link import RedisLink
from resp import RedisReplyError

RETRY_AFTER = 0.05  # seconds
LONGEST_CATCHING_UP = 1.0  # seconds of its pace that a publisher makes up for after an outage
BIG_EVERY, BIG = 60, 4_000  # one event in so many has so many bytes of padding


def payload_of(publication, rng):
    """JSON that carries the event's number, and padding with its checksum."""
    length = BIG if publication.number % BIG_EVERY == 0 else rng.randrange(60)
    padding = "".join(rng.choices('abcdefgh ÄÖü☄"\\\n', k=length))
    content = {"u": publication.number, "x": zlib.crc32(padding.encode()), "pad": padding}
    if publication.is_live:
        content["live"] = True
    if publication.purpose == FINAL:
        content["final"] = True
    return json.dumps(content, ensure_ascii=False)


class Publishers:
    """`rate` durable events a second in all, and `live_share` times as many live ones, on random channels; or live events
    alone."""

    def __init__(self, redis_port, name, channels, rate, seed, count=10, live_share=0.05, only_live=False, history=None):
        self.publications = []
        self.errors = Counter()  # what publishers were told -> how often
        self.repeats = 0  # further times that every event is sent, acknowledged or not
        self._name, self._channels, self._history = name, channels, history
        self._rng = random.Random(f"publishers {seed}")
        self._live_part = 1.0 if only_live else live_share / (1 + live_share)
        self._interval = count / (rate * (1.0 if only_live else 1 + live_share))
        self._links = [RedisLink(redis_port) for _ in range(count)]
        self._repeaters = [RedisLink(redis_port) for _ in range(count)]
        self._tasks, self._repeating = [], set()
        self._ends = asyncio.Event()
        self._give_up = float("inf")

    def start(self):
        self._tasks = [asyncio.create_task(self._run(number)) for number in range(len(self._links))]

    async def stop(self, within):
        """No new events; those on their way have so many seconds to be acknowledged."""
        self._give_up = time.monotonic() + within
        self._ends.set()
        await asyncio.gather(*self._tasks, *self._repeating)
        self._give_up = float("inf")

    def close(self):
        for task in [*self._tasks, *self._repeating]:
            task.cancel()
        for link in self._links + self._repeaters:
            link.close()

    async def mark(self, purpose, within=15.0):
        """One event on every channel, acknowledged."""
        self._give_up = time.monotonic() + within
        shares = [self._channels[number::len(self._links)] for number in range(len(self._links))]
        await asyncio.gather(*(self._mark(number, share, purpose) for number, share in enumerate(shares)))
        self._give_up = float("inf")

    async def _mark(self, publisher, channels, purpose):
        for channel in channels:
            await self._deliver(self._new(publisher, channel, purpose, is_live=self._live_part == 1))

    async def _run(self, publisher):
        due = time.monotonic() + self._rng.random() * self._interval
        while not self._ends.is_set():
            try:
                await asyncio.wait_for(self._ends.wait(), max(0.001, due - time.monotonic()))
                return
            except TimeoutError:
                pass
            is_live = self._rng.random() < self._live_part
            await self._deliver(self._new(publisher, self._rng.choice(self._channels), LOAD, is_live))
            due = max(due + self._interval * self._rng.uniform(0.5, 1.5), time.monotonic() - LONGEST_CATCHING_UP)

    def _new(self, publisher, channel, purpose, is_live):
        publication = Publication(len(self.publications) + 1, channel, publisher, purpose, is_live)
        self.publications.append(publication)
        return publication

    async def _deliver(self, publication):
        command = self._command(publication)
        repeats = self.repeats if publication.purpose == LOAD and not publication.is_live else 0
        for _ in range(repeats):
            task = asyncio.create_task(self._repeat(publication, command))
            self._repeating.add(task)
            task.add_done_callback(self._repeating.discard)
        link = self._links[publication.publisher]
        while not await self._send(publication, command, link):
            if publication.is_live or time.monotonic() > self._give_up:
                return
            await asyncio.sleep(RETRY_AFTER)

    async def _repeat(self, publication, command):
        """Once more, at about the same time or up to two seconds later, over another link."""
        await asyncio.sleep(self._rng.choice((0.0, self._rng.random() * 2)))
        link = self._rng.choice(self._repeaters)
        while not await self._send(publication, command, link):
            if time.monotonic() > self._give_up:
                return
            await asyncio.sleep(RETRY_AFTER)

    async def _send(self, publication, command, link):
        """One attempt; whether it was acknowledged."""
        publication.attempts.append(time.monotonic())
        try:
            reply = await link.call(*command)
        except RedisReplyError as error:
            self.errors[" ".join(str(error).split()[:4])] += 1
            return False
        except (OSError, ConnectionError) as error:
            self.errors[type(error).__name__] += 1
            return False
        identity = None if publication.is_live else reply.decode()
        publication.acknowledgements.append([time.monotonic(), identity])
        return True

    def _command(self, publication):
        key, payload = f"{self._name}:{publication.channel}", payload_of(publication, self._rng)
        if publication.is_live:
            return "PUBLISH", key, payload
        history = ("history", self._history) if self._history else ()
        return "FCALL", "halley_publish", 1, key, payload, "key", f"chaos-{publication.number}", *history


