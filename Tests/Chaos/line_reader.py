"""A program that reads NDJSON from a streaming answer, as `curl -NL` or `fetch` would: keeps the last position, and comes
back with it after a short while."""

import asyncio

from held_answer import Cut
from messages import Lines
from subscriber import Holding, Refused, Subscriber, with_position

COME_BACK = (0.1, 0.6)  # seconds


class LineReader(Subscriber):
    async def hold(self):
        pause = self.rng.uniform(*COME_BACK)
        try:
            given = self.position
            answer, _, wire = await self.ask(await self.connect(), with_position(self.home, given), {})
            try:
                if answer.status == 200:
                    await self._read(answer, given)
                else:
                    pause = seconds_to_wait(answer)
            finally:
                wire.close()
        except Cut:
            pass
        await asyncio.sleep(pause)

    async def _read(self, answer, given):
        lines = Lines()
        with Holding(self, answer, given):
            async for piece in answer.pieces(self.may_read):
                self.received(lines.feed(piece))


def seconds_to_wait(answer):
    """Of a 503, which says when to come back. Anything else no client should see."""
    wait = answer.headers.get("Retry-After")
    if answer.status != 503 or wait is None:
        raise Refused(f"answered {answer.status}, Retry-After {wait}")
    return float(wait)
