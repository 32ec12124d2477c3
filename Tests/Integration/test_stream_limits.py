"""Streams that end because their client asked for it: nothing is lost or doubled from one to the next."""

import time

import pytest

from clients import EventStream, LineStream, events_path
from http_wire import Closed, request
from more_clients import PAGE, Frame, Parts

READERS = {"sse": EventStream, "stream": LineStream, "iframe": Frame, "multipart": Parts}


def numbers_of(held):
    """The payloads of a limited stream to its clean end, and where it ends."""
    numbers, position = [], None
    try:
        while True:
            if isinstance(held, EventStream):
                numbers.append(int(held.next().data.split(" ")[0]))
            else:
                message = held.next_line() or {}
                position = message.get("position", position)
                if "channel" in message:
                    numbers.append(int(message["data"].split(" ")[0]))
    except Closed:
        assert held._body.is_complete, "the answer was cut off"
    return numbers, position or held.last_event_id


def positioned(worker, channel):
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        return stream.last_event_id


@pytest.mark.parametrize("transport", READERS)
def test_a_backlog_comes_in_pieces_of_the_size_asked_for(worker, redis, channel, transport):
    position = positioned(worker, channel)
    redis.pipeline([("PUBLISH", f"halley:{channel}", f"{number} " + "x" * 50_000) for number in range(20)])
    received, rounds = [], 0
    while len(received) < 20:
        # The last piece is shorter than it may be: there the time ends it.
        with READERS[transport](worker.address, channel, position=position, bytes=100_000, seconds=2) as held:
            assert held.headers["Connection"] == "close"
            numbers, position = numbers_of(held)
        assert held.received < 300_000
        received += numbers
        rounds += 1
    assert received == list(range(20))
    assert rounds > 3


@pytest.mark.parametrize("transport", READERS)
def test_after_so_many_seconds_it_ends_and_says_where_to_go_on(worker, redis, channel, transport):
    began = time.monotonic()
    with READERS[transport](worker.address, channel, seconds=2) as held:
        redis.publish(channel, "7 x")
        numbers, position = numbers_of(held)
    assert 1.9 <= time.monotonic() - began < 4.5
    assert numbers == [7]
    redis.publish(channel, "8 x")
    with LineStream(worker.address, channel, position=position) as lines:
        assert lines.next()["data"] == "8 x"


@pytest.mark.parametrize("transport", READERS)
def test_padding_is_no_message(worker, redis, channel, transport):
    with READERS[transport](worker.address, channel, padding=4_096) as held:
        redis.publish(channel, "x")
        event = held.next()
        assert (event.data if transport == "sse" else event["data"]) == "x"
        assert held.received >= 4_096


@pytest.mark.parametrize("query", [
    "bytes=0", "bytes=-1", "bytes=", "bytes=x", "bytes=1e3", "bytes=1073741825", "bytes=" + "9" * 400, "seconds=0",
    "seconds=86401", "seconds=1.5", "padding=-1", "padding=4097", "padding=", "padding=%00",
])
def test_a_bad_limit_is_refused(worker, channel, query):
    for transport in READERS:
        path = events_path(channel, transport=transport, origin=PAGE)
        assert request(worker.address, "GET", f"{path}&{query}").status == 400
