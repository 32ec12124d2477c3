"""multipart/x-mixed-replace: each message a part that is complete at once."""

import time

import pytest

from clients import events_path, split_url
from http_wire import Closed, request
from more_clients import Parts
from test_worker_payloads import PAYLOADS, expected_data

BOUNDARIES = {
    "a boundary": b"--halley", "boundaries": b"\r\n--halley\r\n\r\n--halley--\r\n",
    "a boundary in JSON": b'{"a":"\\r\\n--halley\\r\\n"}', "a boundary between tokens": b'{"a":\r\n1}',
    "a boundary in bytes": b"\xff\r\n--halley--\r\n",
}


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), *BOUNDARIES.values()], ids=[*PAYLOADS, *BOUNDARIES])
def test_every_payload_is_carried(worker, redis, channel, payload):
    with Parts(worker.address, channel) as parts:
        assert set(parts.next_line()) == {"position"}
        redis.publish(channel, payload)
        event = parts.next_line()
        assert (event["data"], event.get("encoding")) == expected_data(payload)
        redis.publish(channel, "1")
        assert parts.next_line()["data"] == 1


def test_the_head(worker, channel):
    with Parts(worker.address, channel) as parts:
        assert parts.status == 200
        assert parts.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=halley"
        assert parts.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in parts.headers["Cache-Control"]
        assert parts.headers["Access-Control-Allow-Origin"] == "*"


def test_silence_is_ended_by_a_part(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, heartbeat_ms=1_000)
    with Parts(worker.address, channel) as parts:
        first = parts.next_line()["position"]
        assert parts.next_line()["position"] >= first


def test_it_goes_on_from_a_position(worker, redis, channel):
    with Parts(worker.address, channel) as parts:
        redis.publish(channel, "1")
        position = parts.next()["position"]
    for number in (2, 3):
        redis.publish(channel, f"{number}")
    with Parts(worker.address, channel, position=position) as parts:
        assert parts.headers["Halley-Resume"] == "complete"
        assert [event["data"] for event in parts.take(2)] == [2, 3]


def test_a_gap_is_told(worker, channel):
    with Parts(worker.address, channel, position="1-0.zzzzzz") as parts:
        messages = [parts.next_line(), parts.next_line()]
        gap, = [message for message in messages if "gap" in message]
        assert gap["gap"]["channel"] == channel and gap["gap"]["from"] == "1-0"


def test_a_worker_that_stops_ends_it_well(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    with Parts(worker.address, channel) as parts:
        parts.next_line()
        worker.terminate()
        rest = b""
        try:
            while True:
                rest += parts.read(time.monotonic() + 10)
        except Closed:
            pass
        assert parts._body.is_complete
        assert rest.endswith(b"\r\n--halley--\r\n")


def test_through_the_router(cluster, channel):
    response = request(
        cluster.address, "GET", events_path(channel), headers={"Accept": "multipart/x-mixed-replace"})
    assert response.status == 307
    host, _, target = split_url(response.headers["Location"])
    with Parts(cluster.address, path=target, host=host) as parts:
        parts.next_line()
        for number in range(3):
            cluster.publish(channel, f"{number}")
            assert parts.next_line()["data"] == number
