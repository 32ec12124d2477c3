"""A long-polling page, by requests or by script tags: asks, takes what the answer carries, and asks again from its position,
on the same connection while that lasts. A redirect's target is kept until a request to it fails."""

import asyncio

from held_answer import Cut
from line_reader import COME_BACK, seconds_to_wait
from messages import answer as read_answer
from messages import call as read_call
from subscriber import Holding, Refused, Subscriber, with_position


class LongPoller(Subscriber):
    accept = {"Accept": "application/json"}
    _wire = None  # kept for the next request

    def begin(self):
        self._target = self.home

    async def hold(self):
        is_reused = self._wire is not None
        pause = 0.0
        try:
            wire, self._wire = self._wire or await self.connect(), None
            given = self.position
            answer, url, wire = await self.ask(wire, with_position(self._target, given), self.accept)
            try:
                if answer.status == 200:
                    pause = await self._read(answer, given)
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
        """Takes what it carries; how long to wait before the next request, in seconds."""
        with Holding(self, answer, given) as holding:
            self._take(*read_answer(await answer.whole()))
            holding.is_answered = True
        return 0.0

    def _take(self, messages, position):
        self.received(messages)
        if position:
            self.moved(position)


class ScriptPoller(LongPoller):
    """Script tags see neither status nor fields: what is refused is said by a call as well."""

    accept = {"Accept": "*/*"}

    async def _read(self, answer, given):
        messages, position = read_call(await answer.whole())
        if messages is None:
            self.count(position)
            if position != 503:
                raise Refused(f"a script was told {position}")
            return self.rng.uniform(0.5, 1.5)
        with Holding(self, answer, given) as holding:
            self._take(messages, position)
            holding.is_answered = True
        return 0.0
