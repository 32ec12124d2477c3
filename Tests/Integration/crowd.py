"""Hundreds of EventSources in one thread, with the habits of Chromium's.

Each keeps its URL and its last event id, comes back after `retry` when the connection ends or can't be made, and is dead
for good when it is answered anything but 200 `text/event-stream`.
"""

import selectors
import socket
import threading
import time

from clients import SSEParser, split_url
from http_wire import Body, Headers, head_of
from resp import Redis

DEFAULT_RETRY = 3.0  # seconds: Chromium's


class Member:
    """One EventSource: what it was given, and what it saw, with times of `time.monotonic()`."""

    def __init__(self, url, address):
        self.url = url
        self.host, port, self.target = split_url(url)
        self.authority = f"{self.host}:{port}"
        self.address = address
        self.parser = SSEParser()
        self.opened = []  # (time, worker that answered)
        self.ended = []  # times at which a connection ended or couldn't be made
        self.events = []  # (time, data)
        self.refusals = []  # statuses that a browser would have died of
        self._socket = None
        self._retry_at = None

    @property
    def worker(self):
        """Who answered last."""
        return self.opened[-1][1] if self.opened else None

    @property
    def is_open(self):
        return self._socket is not None and self._body is not None

    def first_after(self, moment):
        """When the first event after the moment came; None when none did."""
        return next((at for at, _ in self.events if at > moment), None)

    # Driven by the crowd's thread.

    def connect(self, selector):
        self._retry_at = None
        self._buffer = bytearray()
        self._body = None
        self._socket = socket.socket()
        self._socket.setblocking(False)
        try:
            self._socket.connect(self.address)
        except BlockingIOError:
            pass
        selector.register(self._socket, selectors.EVENT_WRITE, self)

    def writable(self, selector):
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._end(selector)
            return
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        if self.parser.last_event_id:
            headers["Last-Event-ID"] = self.parser.last_event_id
        try:
            self._socket.send(head_of("GET", self.target, self.authority, headers))
        except OSError:
            self._end(selector)
            return
        selector.modify(self._socket, selectors.EVENT_READ, self)

    def readable(self, selector):
        try:
            data = self._socket.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(selector)
            return
        self._buffer += data
        if self._body is None and not self._head(selector):
            return
        now = time.monotonic()
        for event in self.parser.feed(self._body.take(self._buffer)):
            self.events.append((now, event.data))
        if self._body.is_complete:
            self._end(selector)

    def _head(self, selector):
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return False
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = Headers([tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]])
        if status != 200 or not headers.get("Content-Type", "").startswith("text/event-stream"):
            self.refusals.append(status)
            self._end(selector)
            self._retry_at = None
            return False
        self.opened.append((time.monotonic(), headers.get("Halley-Worker")))
        self._buffer = bytearray(rest)
        self._body = Body(headers)
        self.parser = _next_parser(self.parser)
        return True

    def _end(self, selector):
        selector.unregister(self._socket)
        self._socket.close()
        self._socket = None
        self.ended.append(time.monotonic())
        retry = DEFAULT_RETRY if self.parser.retry is None else self.parser.retry / 1_000
        self._retry_at = time.monotonic() + retry

    def is_due(self, now):
        return self._retry_at is not None and self._retry_at <= now

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _next_parser(previous):
    """A new connection keeps the last event id and the retry; a block cut in two is thrown away."""
    parser = SSEParser(previous.last_event_id)
    parser.retry = previous.retry
    return parser


class Crowd:
    def __init__(self, urls, address):
        self.members = [Member(url, address) for url in urls]
        self._ends = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    @property
    def is_open(self):
        """Whether every member has been answered."""
        return all(member.opened for member in self.members)

    def _run(self):
        selector = selectors.DefaultSelector()
        try:
            for member in self.members:
                member.connect(selector)
            while not self._ends.is_set():
                for key, mask in selector.select(0.02):
                    if mask & selectors.EVENT_WRITE:
                        key.data.writable(selector)
                    else:
                        key.data.readable(selector)
                now = time.monotonic()
                for member in self.members:
                    if member.is_due(now):
                        member.connect(selector)
        except Exception as failure:  # shown by the test's thread
            self._failure = failure
        finally:
            for member in self.members:
                member.close()
            selector.close()


class Publisher:
    """Publishes a rising number, round robin over the channels, at a steady rate until it is stopped."""

    def __init__(self, redis_port, channels, per_second):
        self.channels, self.interval = channels, 1 / per_second
        self.published = 0
        self._port = redis_port
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _run(self):
        redis = Redis(self._port)
        due = time.monotonic()
        while not self._ends.is_set():
            channel = self.channels[self.published % len(self.channels)]
            # Each channel counts for itself, so that a subscriber sees every hole.
            redis.publish(channel, str(self.published // len(self.channels)))
            self.published += 1
            due += self.interval
            self._ends.wait(max(0.0, due - time.monotonic()))
        redis.close()
