"""The clients of a push server: an EventSource, a reader of JSON lines, a long-poller."""

import json
import time
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from http_wire import Body, Closed, Connection, head_of, request


@dataclass
class Event:
    """What an EventSource would dispatch."""

    type: str
    data: str
    id: str


class SSEParser:
    """The parsing rules of the WHATWG HTML standard, section 9.2.6."""

    def __init__(self, last_event_id=""):
        self.last_event_id = last_event_id
        self.retry = None
        self.comments = 0
        self.moves = 0
        self._pending = b""
        self._after_cr = False
        self._is_first = True
        self._reset()

    def _reset(self):
        self._data, self._type, self._has_id = [], "", False
        self._id = self.last_event_id

    def feed(self, data):
        """Returns the events that became complete."""
        events = []
        if self._is_first and data:
            data = data.removeprefix(b"\xef\xbb\xbf")
            self._is_first = False
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r") if data else self._after_cr
        lines = (self._pending + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._pending = lines.pop()
        for line in lines:
            event = self._line(line.decode("utf-8", "replace"))
            if event:
                events.append(event)
        return events

    def _line(self, line):
        if not line:
            # The id counts from here on: a block that is cut short moves nothing.
            event, self.last_event_id = None, self._id
            if self._data:
                event = Event(self._type or "message", "\n".join(self._data), self.last_event_id)
            elif self._has_id:
                self.moves += 1
            self._reset()
            return event
        if line.startswith(":"):
            self.comments += 1
            return None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._type = value
        elif field == "id" and "\0" not in value:
            self._id, self._has_id = value, True
        elif field == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)
        return None


def events_path(*channels, **query):
    """`/events?channel=a&channel=b&…`"""
    pairs = [("channel", channel) for channel in channels] + list(query.items())
    return "/events?" + urlencode(pairs, quote_via=quote)


class Held:
    """A held connection whose head has come."""

    def __init__(self, address, path, host="push.localhost", headers=None, receive_buffer=None, within=5.0):
        self.connection = Connection(address, receive_buffer=receive_buffer, timeout=within)
        self.connection.send(head_of("GET", path, host, headers or {}))
        self.response = self.connection.read_head(within)
        self.status, self.headers = self.response.status, self.response.headers
        self._body = Body(self.headers)
        self.received = 0
        self.is_closed = False

    def read(self, deadline):
        """Content as it comes, never empty. Raises Closed at the end of the body or the connection."""
        while True:
            content = self._body.take(self.connection.buffer)
            self.received += len(content)
            if content:
                return content
            if self._body.is_complete:
                self.is_closed = True
                raise Closed("the body has ended")
            try:
                self.connection.fill(deadline)
            except Closed:
                self.is_closed = True
                raise

    def wait_closed(self, within=5.0):
        """Reads and drops everything until the peer closes."""
        deadline = time.monotonic() + within
        while True:
            try:
                self.read(deadline)
            except Closed:
                return

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class EventStream(Held):
    """An EventSource without its reconnecting."""

    def __init__(self, address, *channels, last_event_id=None, headers=None, host="push.localhost", path=None,
                 receive_buffer=None, within=5.0, **query):
        fields = {"Accept": "text/event-stream", "Cache-Control": "no-cache", **(headers or {})}
        if last_event_id is not None:
            fields["Last-Event-ID"] = last_event_id
        self.parser = SSEParser()
        self._events = []
        super().__init__(address, path or events_path(*channels, **query), host, fields, receive_buffer, within)

    @property
    def last_event_id(self):
        return self.parser.last_event_id

    def next(self, within=5.0):
        deadline = time.monotonic() + within
        while not self._events:
            self._events += self.parser.feed(self.read(deadline))
        return self._events.pop(0)

    def take(self, count, within=10.0):
        deadline = time.monotonic() + within
        return [self.next(deadline - time.monotonic()) for _ in range(count)]

    def until(self, condition, within=5.0):
        """Reads on until the condition on the parser holds; events that come meanwhile are kept."""
        deadline = time.monotonic() + within
        while not condition(self.parser):
            self._events += self.parser.feed(self.read(deadline))

    def drain(self, within):
        """All events that come within so many seconds: for showing that none do."""
        deadline = time.monotonic() + within
        try:
            while True:
                self._events += self.parser.feed(self.read(deadline))
        except (TimeoutError, Closed):
            pass
        events, self._events = self._events, []
        return events


class LineStream(Held):
    """A reader of `application/x-ndjson`."""

    def __init__(self, address, *channels, headers=None, host="push.localhost", path=None, within=5.0, **query):
        self._pending = b""
        self.heartbeats = 0
        super().__init__(address, path or events_path(*channels, **query), host, headers, None, within)

    def next_line(self, within=5.0):
        """The next line's object, heartbeats included."""
        deadline = time.monotonic() + within
        while b"\n" not in self._pending:
            self._pending += self.read(deadline)
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line) if line.strip() else None

    def next(self, within=5.0):
        """The next event."""
        deadline = time.monotonic() + within
        while True:
            message = self.next_line(deadline - time.monotonic())
            if message and "channel" in message:
                return message
            self.heartbeats += 1

    def take(self, count, within=10.0):
        deadline = time.monotonic() + within
        return [self.next(deadline - time.monotonic()) for _ in range(count)]


class LongPoller:
    """Asks again and again, each time from where the last answer ended."""

    def __init__(self, address, *channels, host="push.localhost", **query):
        self.address, self.channels, self.host, self.query = address, channels, host, query
        self.position = None
        self.response = None

    def poll(self, within=10.0):
        """One request; returns the events of its answer."""
        query = dict(self.query)
        if self.position:
            query["position"] = self.position
        self.response = request(
            self.address, "GET", events_path(*self.channels, **query), self.host, {"Accept": "application/json"}, within=within)
        assert self.response.status == 200, self.response
        answer = self.response.json()
        self.position = answer.get("position", self.position)
        return answer["events"]

    def until(self, count, within=10.0):
        """Polls until so many events have come."""
        deadline = time.monotonic() + within
        events = []
        while len(events) < count:
            events += self.poll(deadline - time.monotonic())
        return events


def split_url(url):
    """(hostname, port, target) of a URL that Halley gave; one without a scheme keeps that of the page."""
    parts = urlsplit(url)
    assert parts.scheme in ("http", ""), url
    return parts.hostname, parts.port or 80, parts.path + (f"?{parts.query}" if parts.query else "")
