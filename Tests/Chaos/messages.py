"""What comes over a held connection, whatever the transport: events, gaps, and positions that move on."""

import json
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
    content = decoded(body)
    if not isinstance(content.get("events"), list):
        raise Unreadable(f"an answer without events: {body[:100]!r}")
    return [from_object(message) for message in content["events"]], content.get("position")
