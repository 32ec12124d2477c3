"""What comes over a held connection, whatever the transport: events, gaps, and positions that move on."""

import json
import re
import zlib
from typing import NamedTuple

from clients import SSEParser
from event_ids import id_in


class Message(NamedTuple):
    kind: str  # event, gap, position
    position: str | None
    channel: str | None = None
    number: int | None = None  # of an event
    id: str | None = None  # of an event, where it can be told
    is_final: bool = False
    start: str | None = None  # of a gap
    end: str | None = None


class Unreadable(Exception):
    """A message that no client could make sense of."""


def event(channel, payload, position, identity):
    """An event, from its payload as an object."""
    try:
        if payload["x"] != zlib.crc32(payload["pad"].encode()):
            raise Unreadable(f"event {payload['u']} on {channel} came with another payload than it was sent with")
        known = None if payload.get("live") and identity == id_in(position) else identity
        return Message("event", position, channel, payload["u"], known, "final" in payload)
    except (KeyError, TypeError) as error:
        raise Unreadable(f"not a payload of ours on {channel}: {payload!r}") from error


def gap(content, position):
    try:
        return Message("gap", position, content["channel"], start=content["from"], end=content["to"])
    except (KeyError, TypeError) as error:
        raise Unreadable(f"not a gap: {content!r}") from error


def from_object(content):
    """A message of the JSON transports, as an object."""
    position = content.get("position")
    if "gap" in content:
        return gap(content["gap"], position)
    if "channel" in content:
        return event(content["channel"], content.get("data"), position, content.get("id"))
    if position is None:
        raise Unreadable(f"neither event nor gap nor position: {content!r}")
    return Message("position", position)


def decoded(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable(f"not JSON: {text[:100]!r}") from error


class Lines:
    """application/x-ndjson. `feed` returns the messages that became complete."""

    def __init__(self):
        self._pending = b""

    def feed(self, data):
        *lines, self._pending = (self._pending + data).split(b"\n")
        return [from_object(decoded(line)) for line in lines if line.strip()]


class Scripts:
    """A forever frame's document: behind the prelude's own script, a call a line."""

    def __init__(self):
        self._pending = b""
        self._has_begun = False

    def feed(self, data):
        *lines, self._pending = (self._pending + data).split(b"\n")
        messages = []
        for line in lines:
            if self._has_begun:
                found = re.fullmatch(rb"<script>m\((.*)\)</script>", line)
                if not found or b"<" in found[1]:
                    raise Unreadable(f"no script of ours: {line[:100]!r}")
                messages += living(decoded(found[1]))
            self._has_begun = self._has_begun or line.endswith(b"</script>")
        return messages


class Parts:
    """multipart/x-mixed-replace: each part complete with the boundary behind it."""

    _BOUNDARY = b"\r\n--halley\r\n"

    def __init__(self):
        self._pending = b"\r\n"
        self._has_begun = False

    def feed(self, data):
        *parts, self._pending = (self._pending + data).split(self._BOUNDARY)
        if parts and not self._has_begun:
            self._has_begun = True
            del parts[0]
        messages = []
        for part in parts:
            head, _, body = part.partition(b"\r\n\r\n")
            if head != b"Content-Type: application/json":
                raise Unreadable(f"no part of ours: {part[:100]!r}")
            messages += living(decoded(body))
        return messages


class Frames:
    """A WebSocket's text messages, as a server sends them: whole and unmasked (RFC 6455, section 5.2)."""

    TEXT, CLOSE = 0x81, 0x88

    def __init__(self):
        self._pending = b""

    def feed(self, data):
        self._pending += data
        messages = []
        while (frame := self._next()) is not None:
            kind, payload = frame
            if kind == self.TEXT:
                messages += living(decoded(payload))
            elif kind != self.CLOSE:
                raise Unreadable(f"a frame that begins with {kind:#x}")
        return messages

    def _next(self):
        """(first byte, payload) of the next frame, where it is whole."""
        if len(self._pending) < 2:
            return None
        width = {126: 2, 127: 8}.get(self._pending[1], 0)
        length = int.from_bytes(self._pending[2:2 + width], "big") if width else self._pending[1]
        if len(self._pending) < 2 + width + length:
            return None
        kind, payload = self._pending[0], self._pending[2 + width:2 + width + length]
        self._pending = self._pending[2 + width + length:]
        return kind, payload


def living(content):
    """The message that an object is. `{}` is only a sign of life, and a word on subscriptions one that may move a
    position."""
    says_nothing = not content or "subscribed" in content and "position" not in content
    return [] if says_nothing else [from_object(content)]


class ServerSentEvents:
    """What an EventSource dispatches, and how it moves its last event id. `retry` is in milliseconds, None until told."""

    def __init__(self, last_event_id=""):
        self._parser = SSEParser(last_event_id)

    @property
    def last_event_id(self):
        return self._parser.last_event_id

    @property
    def retry(self):
        return self._parser.retry

    def feed(self, data):
        return [self._message(dispatched) for dispatched in self._parser.feed(data)]

    def _message(self, dispatched):
        content = decoded(dispatched.data)
        if dispatched.type == "~gap":
            return gap(content, dispatched.id)
        if isinstance(content, dict) and "channel" in content:  # format=json
            if content["channel"] != dispatched.type:
                raise Unreadable(f"an event of {content['channel']} under the name {dispatched.type}")
            return from_object(content)
        return event(dispatched.type, content, dispatched.id, id_in(dispatched.id))


def answer(body):
    """A long poll's answer: its messages, and the position it ends at."""
    return poll(decoded(body))


def call(body):
    """JSONP's answer: its messages and the position it ends at, or `(None, status)` of a refusal."""
    found = re.fullmatch(rb"/\*\*/halley\._1\((.*)\);\n", body)
    if not found or b"<" in found[1]:
        raise Unreadable(f"no call of ours: {body[:100]!r}")
    content = decoded(found[1])
    return (None, content["status"]) if "error" in content else poll(content)


def poll(content):
    if not isinstance(content.get("events"), list):
        raise Unreadable(f"an answer without events: {content!r}")
    return [from_object(message) for message in content["events"]], content.get("position")
