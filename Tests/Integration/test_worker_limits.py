"""Bounds: slow readers, too many connections, slow requests. Nobody else is harmed."""

import time

from clients import EventStream, Held, LineStream, events_path
from http_wire import Closed, Connection, head_of, request
from waiting import QUICK_BEAT, eventually, wait_held


def fall_behind(worker, redis, channel):
    """A reader that stopped, and its bystander who had all of 300 events of 32 KiB."""
    slow = EventStream(worker.address, channel, receive_buffer=8_192)
    with LineStream(worker.address, channel) as bystander:
        slow.until(lambda parser: parser.last_event_id)
        wait_held(redis, worker, 2)
        for number in range(300):
            redis.publish(channel, f"{number} " + "x" * 32_768)
            assert bystander.next()["data"].startswith(f"{number} ")
    return slow


def read_to_the_end(slow):
    """How many of the events it had when it was closed, in order."""
    received = 0
    try:
        while True:
            assert slow.next().data.startswith(f"{received} ")
            received += 1
    except Closed:
        slow.close()
        return received


def test_a_slow_reader_gets_it_all_when_it_reads_on(own_redis, start_worker, channel):
    """Over its bound and the kernel's many times: the rest waits in the channel's ring."""
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536, ring_bytes=64 << 20, **QUICK_BEAT)
    redis = own_redis.client()
    with fall_behind(worker, redis, channel) as slow:
        redis.publish(channel, "end")
        for number in range(300):
            assert slow.next().data.startswith(f"{number} ")
        assert slow.next().data == "end"


def test_a_slow_reader_is_closed_and_comes_back_by_its_position(own_redis, start_worker, channel):
    worker = start_worker(
        own_redis.url, max_outbound_bytes=65_536, ring_bytes=64 << 20, stall_ms=1_000, **QUICK_BEAT)
    redis = own_redis.client()
    slow = fall_behind(worker, redis, channel)
    wait_held(redis, worker, 0)
    received = read_to_the_end(slow)
    assert received < 300, "the slow reader was never closed"

    # The backlog is larger than the outbound bound: it is read in pages, and isn't slowness while it moves.
    with EventStream(worker.address, channel, last_event_id=slow.last_event_id, receive_buffer=8_192) as back:
        assert back.headers["Halley-Resume"] == "complete"
        for number in range(received, 300):
            assert back.next().data.startswith(f"{number} ")
        redis.publish(channel, "end")
        assert back.next().data == "end"


def test_a_slow_reader_that_a_ring_has_no_room_for_is_closed_and_told_what_it_lacks(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536, ring_events=50, **QUICK_BEAT)
    redis = own_redis.client()
    slow = fall_behind(worker, redis, channel)
    wait_held(redis, worker, 0)
    assert read_to_the_end(slow) < 250
    with EventStream(worker.address, channel, last_event_id=slow.last_event_id) as back:
        assert back.headers["Halley-Resume"] == "durable-only"


def test_readers_that_stopped_for_ever_cost_the_others_nothing(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536)
    redis = own_redis.client()
    stopped = [LineStream(worker.address, channel) for _ in range(20)]
    with EventStream(worker.address, channel) as bystander:
        for number in range(150):
            redis.publish(channel, "x" * 60_000)
            bystander.next()
        redis.publish(channel, "end")
        assert bystander.next().data == "end"
        assert request(worker.address, "GET", "/health/ready").status == 200
    for lines in stopped:
        lines.close()


def test_at_the_limit_an_eventsource_is_told_to_come_back_and_others_get_503(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, max_connections=3)
    redis = own_redis.client()
    held = [EventStream(worker.address, channel) for _ in range(3)]

    with EventStream(worker.address, channel) as refused:
        assert refused.status == 200
        assert refused.headers["Content-Type"].startswith("text/event-stream")
        refused.wait_closed()
        assert refused.parser.feed(b"") == []
    waits = set()
    for _ in range(5):
        with EventStream(worker.address, channel) as refused:
            refused.until(lambda parser: parser.retry is not None)
            waits.add(refused.parser.retry)
    assert all(wait > 0 for wait in waits) and len(waits) > 1, f"retry isn't jittered: {waits}"

    for headers in [{}, {"Accept": "application/json"}]:
        with Held(worker.address, events_path(channel), headers=headers) as refused:
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) >= 1

    assert request(worker.address, "GET", "/health/live").status == 200, "the router must not take a full worker for dead"

    redis.publish(channel, "unharmed")
    assert [stream.next().data for stream in held] == ["unharmed"] * 3

    held.pop().close()

    def comes_in():
        stream = EventStream(worker.address, channel)
        try:
            redis.publish(channel, "room")
            return stream.next(within=1).data == "room"
        except (Closed, TimeoutError):
            return False
        finally:
            stream.close()

    eventually(comes_in, what="a place that was left is given again")
    for stream in held:
        stream.close()


def test_requests_that_trickle_are_dropped_in_ten_seconds(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    with EventStream(worker.address, channel) as bystander:
        silent = Connection(worker.address)
        trickling = Connection(worker.address)
        started = time.monotonic()
        trickling.send(b"GET /events?channel=x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        dropped = {}
        while len(dropped) < 2 and time.monotonic() < started + 12:
            for name, connection in [("silent", silent), ("trickling", trickling)]:
                if name in dropped:
                    continue
                try:
                    if connection is trickling:
                        connection.send(b"y")
                    connection.fill(time.monotonic() + 0.2)
                except (Closed, ConnectionError):
                    dropped[name] = time.monotonic() - started
                except TimeoutError:
                    pass
        assert set(dropped) == {"silent", "trickling"}
        assert max(dropped.values()) <= 11
        answer = bytes(trickling.buffer)
        assert not answer or b" 408 " in answer.split(b"\r\n")[0]
        own_redis.client().publish(channel, "unharmed")
        assert bystander.next().data == "unharmed"


def test_a_client_that_sends_on_a_held_connection_is_let_go(worker, redis, channel):
    """After its request a held connection has nothing to say; a flood of bytes must not pile up."""
    with LineStream(worker.address, channel) as bystander, LineStream(worker.address, channel) as talker:
        try:
            for _ in range(400):
                talker.connection.send(b"x" * 65_536)
        except OSError:
            pass
        redis.publish(channel, "unharmed")
        assert bystander.next()["data"] == "unharmed"


def test_clients_that_go_away_are_forgotten(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, linger_ms=100, max_connections=50)
    redis = own_redis.client()
    for _ in range(4):
        streams = [EventStream(worker.address, channel) for _ in range(40)]
        assert all("Halley-Resume" in stream.headers or stream.status == 200 for stream in streams)
        for stream in streams:
            stream.close()
        eventually(lambda: redis.subscribers(channel) == 0, what="all have left")


def test_pipelined_requests_after_a_held_one_are_not_answered(worker, redis, channel):
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", events_path(channel)) + head_of("GET", "/health/live"))
        assert connection.read_head().status == 200
        redis.publish(channel, "only this")
        deadline = time.monotonic() + 5
        try:
            while b"only this" not in connection.buffer:
                connection.fill(deadline)
        except Closed:
            pass
        assert b"HTTP/1.1" not in connection.buffer
