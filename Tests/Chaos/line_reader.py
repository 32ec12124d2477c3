"""Programs that read JSON from a streaming answer, as `curl -NL`, `fetch` or the page around a frame would: keep the last
position, and come back with it after a short while."""

import asyncio

from held_answer import Cut
from messages import Frames, Lines, Parts, Scripts
from subscriber import Holding, Refused, Subscriber, with_position

COME_BACK = (0.1, 0.6)  # seconds


class LineReader(Subscriber):
    framing, headers, opened_by = Lines, {}, 200

    async def hold(self):
        pause = self.rng.uniform(*COME_BACK)
        try:
            given = self.position
            answer, _, wire = await self.ask(await self.connect(), with_position(self.home, given), self.headers)
            try:
                if answer.status == self.opened_by:
                    await self._read(answer, given)
                else:
                    pause = seconds_to_wait(answer)
            finally:
                wire.close()
        except Cut:
            pass
        await asyncio.sleep(pause)

    async def _read(self, answer, given):
        lines = self.framing()
        with Holding(self, answer, given):
            async for piece in answer.pieces(self.may_read):
                self.received(lines.feed(piece))


class FrameReader(LineReader):
    framing = Scripts


class PartReader(LineReader):
    framing = Parts


class SocketReader(LineReader):
    """A WebSocket that names its channels in the URL and only listens."""

    framing, opened_by = Frames, 101
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "aGFsbGV5J3MgY29tZXQhIQ==", "Sec-WebSocket-Protocol": "halley.v1"}


def seconds_to_wait(answer):
    """Of a 503, which says when to come back. Anything else no client should see."""
    wait = answer.headers.get("Retry-After")
    if answer.status != 503 or wait is None:
        raise Refused(f"answered {answer.status}, Retry-After {wait}")
    return float(wait)
