"""One worker, one Redis, no router: PUBLISH reaches whoever holds a connection."""

import time

import pytest

from clients import EventStream, LineStream, LongPoller, events_path
from http_wire import Connection, head_of, read_response, request
from waiting import eventually


def test_sse_delivers_with_a_position(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Halley-Worker"] == worker.id
        redis.publish(channel, '{"hello":"world"}')
        event = stream.next()
        assert (event.type, event.data) == (channel, '{"hello":"world"}')
        assert event.id == stream.last_event_id != ""


def test_sse_says_when_to_come_back(worker, channel):
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.retry is not None)
        assert 500 <= stream.parser.retry <= 1_500


def test_stream_delivers_a_line_of_json(worker, redis, channel):
    with LineStream(worker.address, channel) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"].startswith("application/x-ndjson")
        redis.publish(channel, '{"hello":"world"}')
        event = stream.next()
        assert (event["channel"], event["data"]) == (channel, {"hello": "world"})
        assert event["position"] and "id" not in event


def test_long_poll_delivers(worker, redis, channel):
    poller = LongPoller(worker.address, channel)
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", events_path(channel), headers={"Accept": "application/json"}))
        eventually(lambda: redis.subscribers(channel) == 1)
        # What was published before the first poll had begun is nobody's; from the subscription on nothing is missed.
        redis.publish(channel, "one")
        response = read_response(connection)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("application/json")
    assert [event["data"] for event in response.json()["events"]] == ["one"]
    poller.position = response.json()["position"]
    redis.publish(channel, "two")
    assert [event["data"] for event in poller.until(1)] == ["two"]


def test_long_poll_without_an_event_ends_empty_and_the_next_goes_on(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, poll_ms=1_000)
    redis = own_redis.client()
    poller = LongPoller(worker.address, channel)
    assert poller.poll() == []
    assert poller.position
    redis.publish(channel, "between")
    assert [event["data"] for event in poller.until(1)] == ["between"]


def test_long_polls_may_share_a_connection(worker, redis, channel):
    with Connection(worker.address) as connection:
        path = events_path(channel)
        for text in ["one", "two", "three"]:
            connection.send(head_of("GET", path, headers={"Accept": "application/json"}))
            eventually(lambda: redis.subscribers(channel) == 1)
            redis.publish(channel, text)
            answer = read_response(connection).json()
            assert [event["data"] for event in answer["events"]] == [text]
            path = events_path(channel, position=answer["position"])


@pytest.mark.parametrize("transport,accept,expected", [
    (None, "text/event-stream", "text/event-stream"),
    (None, "text/html, text/event-stream;q=0.9", "text/event-stream"),
    (None, "*/*", "application/x-ndjson"),
    (None, None, "application/x-ndjson"),
    ("sse", "*/*", "text/event-stream"),
    ("stream", "text/event-stream", "application/x-ndjson"),
])
def test_the_request_chooses_the_transport(worker, channel, transport, accept, expected):
    query = {"transport": transport} if transport else {}
    headers = {"Accept": accept} if accept else {}
    with LineStream(worker.address, channel, headers=headers, **query) as held:
        assert held.headers["Content-Type"].split(";")[0] == expected


def test_every_held_answer_is_kept_by_no_cache_and_guessed_at_by_no_browser(worker, channel):
    for held in [EventStream(worker.address, channel), LineStream(worker.address, channel)]:
        with held:
            assert "no-store" in held.headers["Cache-Control"]
            assert "no-transform" in held.headers["Cache-Control"]
            assert held.headers["X-Content-Type-Options"] == "nosniff"
            assert held.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in held.headers
            assert "Origin" in held.headers["Vary"]


def test_sixty_four_channels_on_one_connection(worker, redis, channel):
    names = [f"{channel}.{number}" for number in range(64)]
    with EventStream(worker.address, *names) as stream:
        redis.pipeline([("PUBLISH", f"halley:{name}", name) for name in names])
        assert [(event.type, event.data) for event in stream.take(64)] == [(name, name) for name in names]


def test_a_channel_named_twice_is_delivered_once(worker, redis, channel):
    with EventStream(worker.address, channel, channel) as stream:
        redis.publish(channel, "once")
        redis.publish(channel, "twice")
        assert [event.data for event in stream.take(2)] == ["once", "twice"]


def test_nobody_gets_another_channels_events(worker, redis, channel):
    with EventStream(worker.address, channel + ".a") as one, EventStream(worker.address, channel + ".b") as other:
        redis.publish(channel + ".a", "for a")
        redis.publish(channel + ".b", "for b")
        assert one.next().data == "for a"
        assert other.next().data == "for b"
        redis.publish(channel + ".a", "end")
        redis.publish(channel + ".b", "end")
        assert one.next().data == "end"
        assert other.next().data == "end"


def test_publish_order_is_kept_across_channels(worker, redis, channel):
    names = [f"{channel}.{letter}" for letter in "abc"]
    sent = [(names[number * 7 % 3], str(number)) for number in range(3_000)]
    with EventStream(worker.address, *names) as stream, LineStream(worker.address, *names) as lines:
        redis.pipeline([("PUBLISH", f"halley:{name}", text) for name, text in sent])
        assert [(event.type, event.data) for event in stream.take(3_000)] == sent
        assert [(event["channel"], str(event["data"])) for event in lines.take(3_000)] == sent


def test_a_client_that_reads_gets_through_a_burst_many_times_its_bound(own_redis, start_worker, channel):
    """Of 2.2 MB, read only when all is published: more than the kernel keeps (1 MiB) and its bound. The rest waits in the
    channel's ring."""
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536)
    event = "x" * 1_024
    with LineStream(worker.address, channel) as lines:
        own_redis.client().pipeline([("PUBLISH", f"halley:{channel}", f"{number} {event}") for number in range(2_000)])
        assert [int(line["data"].split()[0]) for line in lines.take(2_000)] == list(range(2_000))


def test_many_subscribers_get_the_same(worker, redis, channel):
    streams = [EventStream(worker.address, channel) for _ in range(100)]
    try:
        redis.publish(channel, "for all")
        assert {stream.next().data for stream in streams} == {"for all"}
        assert redis.subscribers(channel) == 1
    finally:
        for stream in streams:
            stream.close()


def test_every_position_is_later_than_the_one_before(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        redis.pipeline([("PUBLISH", f"halley:{channel}", number) for number in range(50)])
        ids = [event.id for event in stream.take(50)]
        assert len(set(ids)) == 50
        counts = [int(position.rpartition(".")[2]) for position in ids]
        assert counts == sorted(counts)


def test_heartbeats_keep_idle_connections_and_their_positions_fresh(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, heartbeat_ms=1_000)
    with EventStream(worker.address, channel) as stream, LineStream(worker.address, channel) as lines:
        stream.until(lambda parser: parser.moves >= 2)
        before = stream.last_event_id
        assert before
        # The watermark moves with each tick, once a second.
        stream.until(lambda parser: parser.last_event_id != before)
        beats = [lines.next_line() for _ in range(2)]
        assert all(beat is None or set(beat) == {"position"} for beat in beats)
        assert beats[-1]
        own_redis.client().publish(channel, "after them")
        assert stream.next().data == "after them"


def test_http_1_0_is_served_without_chunks(worker, redis, channel):
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", events_path(channel), version="HTTP/1.0"))
        head = connection.read_head()
        assert head.status == 200
        assert "Transfer-Encoding" not in head.headers
        redis.publish(channel, '"plain"')
        deadline = time.monotonic() + 5
        while b'"data":"plain"}\n' not in connection.buffer:
            connection.fill(deadline)


def test_no_event_is_lost_after_the_head_has_come(worker, redis, channel):
    """The answer's head is sent once Redis has confirmed every channel: publish right after it, and it arrives."""
    for number in range(30):
        name = f"{channel}.{number}"
        with EventStream(worker.address, name) as stream:
            assert redis.publish(name, "at once") == 1
            assert stream.next().data == "at once"


@pytest.mark.parametrize("method,target,status", [
    ("GET", "/", 404), ("GET", "/session", 404), ("GET", "/publish", 404), ("GET", "/events/", 404),
    ("GET", "/events.css?channel=x", 404), ("GET", "/health", 404), ("GET", "//events?channel=x", 404),
    ("GET", "/../events?channel=x", 404),
    ("POST", "/events?channel=x", 405), ("DELETE", "/events?channel=x", 405), ("TRACE", "/events?channel=x", 405),
    ("PUT", "/health/live", 405),
])
def test_everything_else_is_404_or_405(worker, method, target, status):
    response = request(worker.address, method, target)
    assert response.status == status, response
    assert response.headers["Halley-Worker"] == worker.id
    if status == 405:
        assert "GET" in response.headers["Allow"]
