"""An EventSource with the habits of Chromium's: follows a 307 and keeps its target, comes back after `retry:` with
`Last-Event-ID`, and is dead for good when it is answered anything but 200 `text/event-stream`."""

import asyncio

from held_answer import Cut
from messages import ServerSentEvents
from subscriber import Holding, Refused, Subscriber, with_position

DEFAULT_RETRY = 3.0  # seconds: Chromium's
ACCEPT = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}


class EventSource(Subscriber):
    def begin(self):
        """`new EventSource(url)`: it can't set a header, so that a page that was loaded again gives its position in the
        query."""
        self._url = with_position(self.home, self.position)
        self._last_event_id, self._retry = "", DEFAULT_RETRY

    async def hold(self):
        try:
            headers = ACCEPT | ({"Last-Event-ID": self._last_event_id} if self._last_event_id else {})
            given = self._last_event_id or self.position
            answer, self._url, wire = await self.ask(await self.connect(), self._url, headers)
            try:
                if answer.status != 200 or not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                    raise Refused(f"an EventSource was answered {answer.status} {answer.headers.get('Content-Type')}")
                await self._read(answer, given)
            finally:
                wire.close()
        except Cut:
            pass
        await asyncio.sleep(self._retry)

    async def _read(self, answer, given):
        # A block that the last connection cut in two is thrown away.
        stream = ServerSentEvents(self._last_event_id)
        with Holding(self, answer, given):
            async for piece in answer.pieces(self.may_read):
                self.received(stream.feed(piece))
                self._last_event_id = stream.last_event_id
                if self._last_event_id and self._last_event_id != self.position:
                    self.moved(self._last_event_id)
                if stream.retry is not None:
                    self._retry = stream.retry / 1_000
