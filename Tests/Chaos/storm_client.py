"""One of thousands of EventSources: as `event_source.py` it comes back after `retry:` with its `Last-Event-ID`, but it
lives on a bare socket, reads just what Halley writes, and keeps numbers only."""

import selectors
import socket
import time

from http_wire import head_of

DEFAULT_RETRY = 3.0  # seconds: Chromium's
READ = 262_144  # bytes at most at a time


class StormClient:
    def __init__(self, host, port, channels, position, ledger):
        self.host, self.port, self.channels, self.ledger = host, port, channels, ledger
        self.start = position  # where it stood at first
        self.worker = None  # who answered last
        self.received = []  # numbers
        self.troubles = []  # what no client should see
        self.goal = None  # the number it waits for
        self.reached = None  # when it had come
        self.resumes = []  # `Halley-Resume` of each answer
        self.retry_at = None  # while it waits to come back
        self._position = position
        self._retry = DEFAULT_RETRY
        self._socket = None

    @property
    def is_open(self):
        return self._socket is not None and self._chunks is not None

    def await_number(self, number):
        """Notes when an event has come; one that was there already has come now."""
        self.goal = number
        self.reached = time.monotonic() if number is None or number in self.received[-1_000:] else None

    # Driven by the crowd.

    def connect(self, selector):
        self.retry_at = None
        self._buffer, self._chunks, self._text = bytearray(), None, b""
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.connect_ex(("127.0.0.1", self.port))
        selector.register(self._socket, selectors.EVENT_WRITE, self)

    def writable(self, selector):
        target = "/events?" + "&".join(f"channel={channel}" for channel in self.channels)
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._position}
        try:
            self._socket.send(head_of("GET", target, f"{self.host}:{self.port}", headers))
        except OSError:
            self.cut(selector)
            return
        selector.modify(self._socket, selectors.EVENT_READ, self)

    def readable(self, selector):
        try:
            data = self._socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._buffer += data
        if data and (self._chunks is not None or self._has_head()):
            self._body()
        if not data or (self._chunks is not None and self._chunks.has_ended):
            self.cut(selector)

    def cut(self, selector):
        selector.unregister(self._socket)
        self.close()
        self.retry_at = time.monotonic() + self._retry

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # Reading.

    def _has_head(self):
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return False
        first, *lines = head.decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if first.split()[1] != "200" or not fields.get("content-type", "").startswith("text/event-stream"):
            self.troubles.append(f"answered {first}")
        if "halley-worker" in fields:
            self.worker = fields["halley-worker"]
            self.resumes.append(fields.get("halley-resume"))
        self._buffer = bytearray(rest)
        self._chunks = Chunks("chunked" in fields.get("transfer-encoding", ""))
        return True

    def _body(self):
        *blocks, self._text = (self._text + self._chunks.take(self._buffer)).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"retry" in fields:
                self._retry = int(fields[b"retry"]) / 1_000
            if b"id" in fields:
                self._position = fields[b"id"].decode()
            if b"data" in fields:
                self._event(fields)

    def _event(self, fields):
        channel = fields.get(b"event", b"").decode()
        if channel == "~gap":
            self.troubles.append(f"gap: {fields[b'data'].decode()}")
            return
        number = int(fields[b"data"].split()[0])
        if self.ledger.events[number] != (self._position.partition(".")[0], channel):
            self.troubles.append(f"event {number} of {channel} came as {self._position}")
        self.received.append(number)
        if number == self.goal and self.reached is None:
            self.reached = time.monotonic()


class Chunks:
    """Takes the framing of `Transfer-Encoding: chunked` off (RFC 9112, section 7.1); many thousands a second, therefore
    sparing."""

    def __init__(self, is_chunked):
        self.is_chunked = is_chunked
        self.has_ended = False
        self._left = 0  # of the chunk that is being read, its CR LF included

    def take(self, buffer):
        if not self.is_chunked:
            content = bytes(buffer)
            buffer.clear()
            return content
        parts, at = [], 0
        while at < len(buffer) and not self.has_ended:
            if self._left:
                piece = buffer[at:at + self._left]
                parts.append(piece[:max(0, self._left - 2)])
                at += len(piece)
                self._left -= len(piece)
                continue
            end = buffer.find(b"\r\n", at)
            if end < 0:
                break
            size = int(buffer[at:end], 16)
            at = end + 2
            if size == 0:
                self.has_ended = True
                at = len(buffer)
            else:
                self._left = size + 2
        del buffer[:at]
        return b"".join(parts)
