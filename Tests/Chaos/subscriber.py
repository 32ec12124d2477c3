"""A subscriber: holds a place among its channels by a position, comes back when it is cut off, writes down what it sees.

What differs by transport is in `event_source.py`, `line_reader.py` and `long_poller.py`; when to leave and to dawdle is
decided in `habits.py`.
"""

import asyncio
import json
import time
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from clients import split_url
from event_ids import id_in, parse_id
from held_answer import Answer, Cut, Wire, fetch
from http_wire import head_of
from messages import Unreadable
from record import ANSWERED, PEER, SELF, Record

APEX = "push.localhost"
MOST_REDIRECTS = 5


class Refused(Exception):
    """An answer after which a client of this kind is dead for good."""


class Subscriber:
    def __init__(self, name, transport, habit, channels, port, rng):
        self.record = Record(name, transport.name, habit, list(channels))
        self.transport, self.channels, self.port, self.rng = transport, channels, port, rng
        self.position = None  # where it stands
        self.home = None  # where it begins: the apex, or its session's URL
        self.is_open = False
        self.is_dead = False
        self.heard, self.finished = set(), set()  # channels on which anything came, and the last marker
        self.receive_buffer = None  # bytes; None: the system's own
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._session_url = None
        self._task = None

    # Coming and going.

    def arrive(self, at_apex):
        """Begins to subscribe, or goes on: at the apex, or at the hostname of its session."""
        self._task = asyncio.create_task(self._stay(at_apex))

    async def leave(self):
        """Ends the connection, from one moment to the next."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def is_here(self):
        return self._task is not None

    async def _stay(self, at_apex):
        try:
            if at_apex:
                self.home = self.apex_url()
            else:
                self.home = self._session_url = self._session_url or await self._ask_for_session()
            self.begin()
            while True:
                await self.hold()
        except (Refused, Unreadable) as end:
            self.is_dead = True
            self.record.failures.append(str(end))
        except Exception as error:  # the harness' own: a run with one proves nothing
            self.is_dead = True
            self.record.failures.append(f"the harness failed: {error!r}")

    def begin(self):
        """At the start of a stay: `home` and `position` are known."""

    async def hold(self):
        """Asks once, reads what comes, and waits as long as a client of this kind would before it asks again."""
        raise NotImplementedError

    # What all transports share.

    def apex_url(self):
        pairs = [("channel", channel) for channel in self.channels] + list(self._query.items())
        return f"http://{APEX}:{self.port}/events?" + urlencode(pairs, quote_via=quote)

    @property
    def _query(self):
        return {key: value.format(port=self.port) for key, value in self.transport.query.items()}

    async def _ask_for_session(self):
        """The URL that `POST /session` gives, with what the transport adds to its query. Asks until it is given one."""
        body = json.dumps({"channels": list(self.channels)}).encode()
        while True:
            try:
                status, answer = await fetch(
                    self.port, "POST", "/session", f"{APEX}:{self.port}", {"Content-Type": "application/json"}, body)
            except Cut:
                status, answer = 0, b""
            if status == 200:
                url = json.loads(answer)["url"]
                return url + "".join(f"&{key}={quote(value)}" for key, value in self._query.items())
            if status not in (0, 503):
                raise Refused(f"POST /session was answered {status}: {answer[:200]!r}")
            await asyncio.sleep(self.rng.uniform(0.5, 1.5))

    async def ask(self, wire, url, headers):
        """The answer to a request, redirects followed, and the URL that answered: (answer, url, wire).

        A redirect is asked on a connection of its own.
        """
        for _ in range(MOST_REDIRECTS):
            try:
                host, port, target = split_url(url)
                answer = await Answer.to(wire, head_of("GET", target, f"{host}:{port}", headers))
            except BaseException:
                wire.close()
                raise
            if answer.status != 307:
                if answer.status not in (101, 200):
                    self.count(answer.status)
                return answer, url, wire
            url = absolute(url, answer.headers["Location"])
            wire.close()
            wire = await self.connect()
        wire.close()
        raise Refused(f"over {MOST_REDIRECTS} redirects, last to {url}")

    async def connect(self):
        return await Wire.open(self.port, self.receive_buffer)

    # Writing down.

    def count(self, status):
        key = str(status)
        self.record.statuses[key] = self.record.statuses.get(key, 0) + 1

    def opened(self, answer, given):
        self.is_open = True
        self.record.entries.append(
            ["open", time.monotonic(), answer.headers.get("Halley-Worker"), given, answer.headers.get("Halley-Resume")])

    def ended(self, why):
        if self.is_open:
            self.is_open = False
            self.record.entries.append(["end", time.monotonic(), why])

    def received(self, messages):
        now = time.monotonic()
        for message in messages:
            if message.kind == "event":
                self.record.entries.append(["event", now, message.channel, message.number, message.id])
                self.heard.add(message.channel)
                if message.is_final:
                    self.finished.add(message.channel)
            elif message.kind == "gap":
                self.record.entries.append(["gap", now, message.channel, message.start, message.end])
            if message.position:
                self.moved(message.position)

    def moved(self, position):
        before, now = id_in(self.position), id_in(position)
        if before and now and parse_id(now) < parse_id(before):
            self.record.retreats += 1
        self.position = position

    @property
    def is_caught_up(self):
        return self.finished.issuperset(self.channels)


class Holding:
    """Around one held answer: notes that it opened, and how it ended."""

    def __init__(self, subscriber, answer, given):
        self._subscriber, self._answer, self._given = subscriber, answer, given
        self.is_answered = False

    def __enter__(self):
        self._subscriber.opened(self._answer, self._given)
        return self

    def __exit__(self, kind, *_):
        went = kind is not None and issubclass(kind, asyncio.CancelledError)
        self._subscriber.ended(ANSWERED if self.is_answered else SELF if went else PEER)


def absolute(base, location):
    """A redirect's target; one without a scheme keeps the request's (RFC 3986, section 4.2)."""
    return "http:" + location if location.startswith("//") else location if "://" in location else base


def with_position(url, position):
    """The URL with `position=` set, in place of one that is there."""
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "position"]
    if position:
        pairs.append(("position", position))
    return urlunsplit(parts._replace(query=urlencode(pairs, quote_via=quote)))
