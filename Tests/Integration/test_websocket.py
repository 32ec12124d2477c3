"""Events over WebSockets: delivery, resuming, channels that come and go, with a real Redis."""

import json

import pytest

from clients import EventStream, LineStream
from http_wire import Closed
from waiting import eventually
from web_socket import CLOSE, PING, PONG, Ended, WebSocket, close, frame


def record(redis, channel, payload, *options):
    """Publishes a durable event and returns its id."""
    return redis("FCALL", "halley_publish", 1, f"halley:{channel}", payload, *options).decode()


def test_events_arrive_as_they_are_published(worker, redis, channel):
    with WebSocket(worker.address, channel, protocol="halley.v1") as socket:
        assert socket.response.headers["Sec-WebSocket-Protocol"] == "halley.v1"
        assert socket.response.headers["Halley-Worker"] == worker.id
        assert socket.expect("subscribed")["subscribed"] == {"channels": [channel], "resume": "fresh"}
        payloads = ['{"a":1}', "text", "é\u2028\u2029😀</script>", "", "a\r\nb\rc\nd", "x" * 65_536, "[1,\n2]"]
        for payload in payloads:
            redis.publish(channel, payload)
        expected = [{"a": 1}, "text", "é\u2028\u2029😀</script>", "", "a\r\nb\rc\nd", "x" * 65_536, [1, 2]]
        assert [socket.next()["data"] for _ in payloads] == expected
        redis.publish(channel, b"\xff\x00")
        assert {key: value for key, value in socket.next().items() if key in ("data", "encoding")} == {
            "data": "/wA=", "encoding": "base64"}


def test_a_durable_event_has_its_id(worker, redis, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        id = record(redis, channel, "1")
        assert socket.next()["id"] == id


def test_a_thousand_events_are_in_order_beside_the_other_transports(worker, redis, channel):
    with (
        WebSocket(worker.address, channel) as socket, EventStream(worker.address, channel) as stream,
        LineStream(worker.address, channel) as lines,
    ):
        socket.expect("subscribed")
        for number in range(1_000):
            redis.publish(channel, str(number))
        assert [socket.next()["data"] for _ in range(1_000)] == list(range(1_000))
        assert [int(stream.next().data) for _ in range(1_000)] == list(range(1_000))
        assert [lines.next()["data"] for _ in range(1_000)] == list(range(1_000))


def test_a_position_is_resumed_from_on_any_transport(worker, redis, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        redis.publish(channel, "1")
        socket.next()
        position = socket.position
    redis.publish(channel, "2")
    with WebSocket(worker.address, channel, position=position) as socket:
        assert socket.expect("subscribed")["subscribed"]["resume"] == "complete"
        assert socket.next()["data"] == 2
    with LineStream(worker.address, channel, position=position) as lines:
        assert lines.next()["data"] == 2


def test_on_another_worker_the_durable_part_is_resumed(redis_server, redis, start_worker, channel):
    first, second = start_worker(redis_server.url, 2), start_worker(redis_server.url, 3)
    with WebSocket(first.address, channel) as socket:
        socket.expect("subscribed")
        record(redis, channel, "1")
        socket.next()
        position = socket.position
    record(redis, channel, "2")
    with WebSocket(second.address, channel, position=position) as socket:
        assert socket.expect("subscribed")["subscribed"]["resume"] == "durable-only"
        assert socket.next()["data"] == 2


def test_a_gap_is_told(redis_server, redis, start_worker, channel):
    first, second = start_worker(redis_server.url, 2), start_worker(redis_server.url, 3)
    with WebSocket(first.address, channel) as socket:
        socket.expect("subscribed")
        record(redis, channel, "0")
        socket.next()
        position = socket.position
    for number in range(5):
        record(redis, channel, str(number), "history", 1)
    with WebSocket(second.address, channel, position=position) as socket:
        assert socket.expect("subscribed")["subscribed"]["resume"] == "gap"
        assert socket.expect("gap")["gap"]["channel"] == channel
        assert socket.next()["data"] == 4


def test_heartbeats_move_the_position(redis_server, start_worker, channel):
    worker = start_worker(redis_server.url, 2, heartbeat_ms=1_000)
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        before = socket.wait_position()
        eventually(lambda: socket.next_frame() and True)
        socket.position = None
        assert socket.wait_position() != before


# Channels that come and go

def test_channels_are_added_one_after_the_other(worker, redis, channel):
    with WebSocket(worker.address) as socket:
        socket.say(subscribe=[channel])
        assert socket.expect("subscribed")["subscribed"] == {"channels": [channel], "resume": "fresh"}
        for number in range(5):
            later = f"{channel}.{number}"
            socket.say(subscribe=[later])
            message = socket.expect("subscribed")
            assert message["subscribed"]["channels"] == [later]
            assert "position" not in message
            assert socket.expect("joined")["joined"] == [later]
        for number in range(5):
            redis.publish(f"{channel}.{number}", str(number))
            event = socket.next()
            assert (event["channel"], event["data"]) == (f"{channel}.{number}", number)
            assert "position" in event


def test_what_a_later_channel_missed_comes_first_with_a_position_of_its_own(worker, redis, channel):
    record(redis, channel, "0")
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        record(redis, channel, "1")
        socket.next()
        position = socket.position.split("~")[0]
    for number in range(300):
        record(redis, f"{channel}.later", json.dumps({"number": number, "x": "x" * 1_000}))
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.say(subscribe=[f"{channel}.later"], position=position)
        assert socket.expect("subscribed")["subscribed"]["resume"] == "durable-only"
        redis.publish(channel, '"beside"')
        numbers, beside = [], 0
        while True:
            message = socket.next_message()
            if "joined" in message:
                break
            if message["channel"] == channel:
                beside += 1
                assert "own" not in message
            else:
                assert "own" in message and "position" not in message
                numbers.append(message["data"]["number"])
        assert numbers == list(range(300))
        redis.publish(f"{channel}.later", "1")
        seen = [socket.next() for _ in range(2 - beside)]
        assert seen[-1]["data"] == 1 and "position" in seen[-1]


def test_a_channel_that_is_left_is_quiet(worker, redis, channel):
    with WebSocket(worker.address, channel, f"{channel}.b") as socket:
        socket.expect("subscribed")
        socket.say(unsubscribe=[f"{channel}.b"])
        assert socket.expect("unsubscribed")["unsubscribed"] == [f"{channel}.b"]
        redis.publish(f"{channel}.b", "1")
        redis.publish(channel, "2")
        assert socket.next()["data"] == 2


def test_what_is_refused_ends_nothing(worker, redis, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.say(subscribe=["a b"])
        socket.say(subscribe=[f"{channel}.{number}" for number in range(64)])
        socket.say(subscribe=["x"], position="99999999999999-0")
        for _ in range(3):
            assert socket.expect("error")["of"] == "subscribe"
        redis.publish(channel, "1")
        assert socket.next()["data"] == 1


def test_a_lost_redis_and_later_channels(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    redis = own_redis.client()
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.say(subscribe=[f"{channel}.b"])
        assert "subscribed" in socket.next_message()
        assert "joined" in socket.next_message()
        own_redis.kill()
        socket.say(subscribe=[f"{channel}.c"])
        own_redis.start()
        worker.wait_ready(20)
        redis = own_redis.client()
        arrived = set()

        def heard():
            for name in (channel, f"{channel}.b", f"{channel}.c"):
                redis.publish(name, f'"{name}"')
            try:
                while len(arrived) < 3:
                    message = socket.next_message(0.3)
                    if "error" in message:
                        socket.say(subscribe=[f"{channel}.c"])
                    if "channel" in message:
                        arrived.add(message["data"])
            except TimeoutError:
                pass
            return len(arrived) == 3

        eventually(heard, 20)


# How it ends

def test_a_worker_that_stops_says_goodbye(redis_server, start_worker, channel):
    worker = start_worker(redis_server.url, 2, stop_ms=2_000)
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        worker.terminate()
        assert socket.wait_close(10)[0] == 1001
        socket.wait_end(10)


def test_a_close_is_answered_and_tcp_ends(worker, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.send(frame(PING, b"before") + close(4_321, b"bye"))
        assert socket.next_frame() == (PONG, b"before")
        assert socket.next_frame() == (CLOSE, (4_321).to_bytes(2, "big"))
        socket.wait_end(2)


# Behind the router

@pytest.mark.parametrize("host", ["push.localhost", "s17-c.push.localhost"])
def test_through_the_router_at_the_apex_and_at_a_shard(cluster, channel, host):
    with WebSocket(cluster.address, channel, host=f"{host}:{cluster.router.port}", protocol="halley.v1") as socket:
        assert socket.response.headers["Sec-WebSocket-Protocol"] == "halley.v1"
        socket.expect("subscribed")
        cluster.publish(channel, '"a"')
        assert socket.next()["data"] == "a"
        socket.say(subscribe=[f"{channel}.b"])
        assert "subscribed" in socket.next_message() and "joined" in socket.next_message()
        cluster.publish(f"{channel}.b", '"b"')
        assert socket.next()["data"] == "b"
        socket.send(frame(PING, b"p") + close(1000))
        assert socket.next_frame()[0] == PONG
        assert socket.wait_close()[0] == 1000
        socket.wait_end(10)


def test_a_session_and_its_websocket(cluster, channel):
    session = cluster.session(channel)
    host, _, path = session["url"].removeprefix("http://").partition("/")
    with WebSocket(cluster.address, path="/" + path, host=host) as socket:
        assert socket.expect("subscribed")["subscribed"]["channels"] == [channel]
        cluster.publish(channel, '"a"')
        assert socket.next()["data"] == "a"
        socket.say(subscribe=[f"{channel}.not.granted"])
        assert socket.expect("error")["of"] == "subscribe"


def test_a_worker_that_dies_and_its_websockets(own_cluster, channel):
    host = f"s3.push.localhost:{own_cluster.router.port}"
    with WebSocket(own_cluster.address, channel, host=host) as socket:
        socket.expect("subscribed")
        record(own_cluster.redis.client(), channel, "1")
        socket.next()
        own_cluster.workers[socket.response.headers["Halley-Worker"]].kill()
        with pytest.raises((Closed, Ended)):
            socket.next(10)

    def back():
        with WebSocket(own_cluster.address, channel, host=host, position=socket.position) as again:
            return again.expect("subscribed")

    assert eventually(back, 15)["subscribed"]["resume"] in ("durable-only", "complete")
