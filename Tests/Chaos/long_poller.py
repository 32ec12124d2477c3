"""A long-polling page: asks, takes what the answer carries, and asks again from its position, on the same connection while
that lasts. A redirect's target is kept until a request to it fails."""

import asyncio

from held_answer import Cut
from line_reader import COME_BACK, seconds_to_wait
from messages import answer as read_answer
from subscriber import Holding, Subscriber, with_position

ACCEPT = {"Accept": "application/json"}


class LongPoller(Subscriber):
    _wire = None  # kept for the next request

    def begin(self):
        self._target = self.home

    async def hold(self):
        is_reused = self._wire is not None
        pause = 0.0
        try:
            wire, self._wire = self._wire or await self.connect(), None
            given = self.position
            answer, url, wire = await self.ask(wire, with_position(self._target, given), ACCEPT)
            try:
                if answer.status == 200:
                    await self._read(answer, given)
                    self._target = url
                    if answer.can_go_on:
                        self._wire, wire = wire, None
                else:
                    self._target = self.home
                    pause = seconds_to_wait(answer)
            finally:
                if wire is not None:
                    wire.close()
        except Cut:
            # A connection that was kept may have been closed just then: browsers ask again at once.
            if not is_reused:
                self._target = self.home
                pause = self.rng.uniform(*COME_BACK)
        await self.may_read.wait()
        await asyncio.sleep(pause)

    async def leave(self):
        await super().leave()
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _read(self, answer, given):
        with Holding(self, answer, given) as holding:
            messages, position = read_answer(await answer.whole())
            self.received(messages)
            if position:
                self.moved(position)
            holding.is_answered = True
