"""Start, stop, health: what the router and an operator see of a worker."""

import signal
import time

from clients import EventStream, LineStream, events_path
from cluster import RedisServer
from http_wire import Connection, head_of, read_response, request
from processes import free_port
from silent_proxy import SilentProxy
from waiting import eventually


def is_ready(worker):
    return worker.health().status == 200


def test_live_and_ready(worker):
    live = worker.health("live")
    assert live.status == 200
    assert (live.json()["status"], live.json()["worker"]) == ("live", worker.id)
    assert worker.health("ready").status == 200


def test_sigterm_lets_everybody_go_and_ends_with_zero(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    redis = own_redis.client()
    with (
        EventStream(worker.address, channel) as stream,
        LineStream(worker.address, channel) as lines,
        Connection(worker.address) as poll,
    ):
        poll.send(head_of("GET", events_path(channel + ".poll"), headers={"Accept": "application/json"}))
        eventually(lambda: redis.subscribers(channel + ".poll") == 1)
        redis.publish(channel, "last words")
        worker.terminate()
        # What was published before the end arrives before the end, and the answers end as HTTP wants.
        assert stream.next().data == "last words"
        assert lines.next()["data"] == "last words"
        stream.wait_closed()
        lines.wait_closed()
        assert stream._body.is_complete and lines._body.is_complete
        answer = read_response(poll)
        assert answer.status == 200 and answer.json()["events"] == []
    assert worker.wait(10) == 0
    assert redis("EXISTS", f"halley/workers/{worker.id}") == 0, "a worker that leaves takes its lease along"


def test_sigterm_without_clients_is_quick(own_redis, start_worker):
    worker = start_worker(own_redis.url)
    started = time.monotonic()
    worker.terminate()
    assert worker.wait(10) == 0
    assert time.monotonic() - started < 5


def test_sigterm_ends_though_a_client_reads_nothing(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, stop_ms=1_000, max_outbound_bytes=1 << 24)
    redis = own_redis.client()
    with EventStream(worker.address, channel, receive_buffer=8_192):
        for _ in range(100):
            redis.publish(channel, "x" * 100_000)
        worker.terminate()
        assert worker.wait(10) == 0


def test_sigint_is_an_end_too(own_redis, start_worker):
    worker = start_worker(own_redis.url)
    worker.signal(signal.SIGINT)
    assert worker.wait(10) == 0


def test_registers_with_a_lease(own_redis, start_worker):
    worker = start_worker(own_redis.url, lease_ms=1_500, beat_ms=300)
    redis = own_redis.client()
    fields = eventually(lambda: redis("HGETALL", f"halley/workers/{worker.id}"))
    record = dict(zip(fields[::2], fields[1::2]))
    assert record[b"address"] == b"127.0.0.1:%d" % worker.port
    assert record[b"state"] == b"ready"
    assert 0 < redis("PTTL", f"halley/workers/{worker.id}") <= 1_500
    assert worker.id.encode() in redis("SMEMBERS", "halley/workers")
    with EventStream(worker.address, "any"):
        eventually(lambda: redis("HGET", f"halley/workers/{worker.id}", "connections") == b"1")
    eventually(lambda: redis("HGET", f"halley/workers/{worker.id}", "connections") == b"0")
    worker.kill()
    eventually(lambda: redis("EXISTS", f"halley/workers/{worker.id}") == 0, what="the lease ran out")


def test_is_not_ready_before_redis_is_there(start_worker, directory, channel):
    port = free_port()
    worker = start_worker(f"redis://127.0.0.1:{port}", ready=False)
    eventually(lambda: worker.health("live").status == 200)
    answer = worker.health()
    assert answer.status == 503
    assert b"redis" in answer.body.lower()
    server = RedisServer(directory, port).start()
    try:
        worker.wait_ready()
        with EventStream(worker.address, channel) as stream:
            server.client().publish(channel, "hello")
            assert stream.next().data == "hello"
    finally:
        server.kill()


def test_redis_dies_and_comes_back_while_connections_are_held(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    with EventStream(worker.address, channel) as stream, LineStream(worker.address, channel) as lines:
        own_redis.client().publish(channel, "before")
        assert (stream.next().data, lines.next()["data"]) == ("before", "before")
        own_redis.kill()
        eventually(lambda: worker.health().status == 503, what="readiness is red")
        assert worker.health("live").status == 200
        own_redis.start()
        back = time.monotonic()
        redis = own_redis.client()
        eventually(lambda: redis.subscribers(channel) == 1)
        assert time.monotonic() - back < 2, "subscribed again within 2 s of Redis' return"
        # It came back with nothing: that is said, and then goes on.
        assert stream.next().type == "~gap"
        while "gap" not in (lines.next_line() or {}):
            pass
        redis.publish(channel, "after")
        assert (stream.next().data, lines.next()["data"]) == ("after", "after")
        eventually(lambda: is_ready(worker))


def test_a_hole_in_the_link_is_not_passed_over(own_redis, start_worker, channel):
    """Redis came back with nothing: a resume across that is not 'complete'."""
    worker = start_worker(own_redis.url)
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
        own_redis.kill()
        own_redis.start()
        eventually(lambda: own_redis.client().subscribers(channel) == 1)
        with EventStream(worker.address, channel, last_event_id=position) as again:
            assert again.headers["Halley-Resume"] == "gap"


def test_a_new_channel_while_redis_is_away_is_served_once_it_is_back(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    own_redis.kill()
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", events_path(channel)))
        own_redis.start()
        redis = own_redis.client()
        eventually(lambda: redis.subscribers(channel) == 1)
        redis.publish(channel, "served")
        deadline = time.monotonic() + 10
        while b"served" not in connection.buffer:
            connection.fill(deadline)


def test_a_frozen_redis_is_found_out(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    with EventStream(worker.address, channel) as stream:
        own_redis.freeze()
        eventually(lambda: worker.health().status == 503, what="readiness is red")
        own_redis.thaw()
        eventually(lambda: is_ready(worker), what="ready again")
        own_redis.client().publish(channel, "after the frost")
        assert stream.next().data == "after the frost"


def test_a_deaf_subscription_is_found_out_while_commands_go_through(own_redis, start_worker, channel):
    """The link that looks healthy and hears nothing: only the ticks give it away."""
    proxy = SilentProxy(own_redis.port)
    worker = start_worker(f"redis://127.0.0.1:{proxy.port}")
    redis = own_redis.client()
    with EventStream(worker.address, channel) as stream:
        redis.publish(channel, "before")
        assert stream.next().data == "before"
        assert proxy.silence(holding=b"SUBSCRIBE") == 1
        eventually(lambda: worker.health().status == 503, what="readiness is red")
        eventually(lambda: is_ready(worker), what="reconnected")

        def heard():
            redis.publish(channel, "probe")
            return stream.next(within=0.3).data == "probe"

        eventually(heard, what="the new link delivers")
    proxy.close()


def test_a_dropped_link_is_found_out(own_redis, start_worker, channel):
    """All connections fall silent at once, and new ones too for a while: nobody sends a FIN."""
    proxy = SilentProxy(own_redis.port)
    worker = start_worker(f"redis://127.0.0.1:{proxy.port}")
    with EventStream(worker.address, channel) as stream:
        assert proxy.silence(new=True) >= 2
        eventually(lambda: worker.health().status == 503, what="readiness is red")
        proxy.heal()
        eventually(lambda: is_ready(worker), what="ready again")
        own_redis.client().publish(channel, "through the new link")
        assert stream.next().data == "through the new link"
    proxy.close()


def test_redis_by_unix_socket_with_a_database_and_a_password(directory, start_worker, channel):
    path = f"{directory}/redis.sock"
    server = RedisServer(directory, arguments=["--unixsocket", path, "--requirepass", "se:cret@/"])
    try:
        super(RedisServer, server).start()
        eventually(lambda: server.client()("AUTH", "se:cret@/") == b"OK")
        redis = server.client()
        redis("AUTH", "se:cret@/")
        by_tcp = start_worker(f"redis://:se%3Acret%40%2F@127.0.0.1:{server.port}/3")
        with EventStream(by_tcp.address, channel) as stream:
            redis.publish(channel, "with a password")
            assert stream.next().data == "with a password"
        redis("SELECT", 3)
        eventually(lambda: redis("EXISTS", f"halley/workers/{by_tcp.id}") == 1)
        redis("CONFIG", "SET", "requirepass", "")
        by_socket = start_worker(f"unix://{path}?db=2", number=2)
        with EventStream(by_socket.address, channel) as stream:
            redis.publish(channel, "by socket")
            assert stream.next().data == "by socket"
        redis("SELECT", 2)
        eventually(lambda: redis("EXISTS", f"halley/workers/{by_socket.id}") == 1)
    finally:
        server.kill()


def test_a_worker_that_is_refused_by_redis_says_so_and_is_not_ready(directory, start_worker):
    server = RedisServer(directory, arguments=["--requirepass", "right"])
    try:
        super(RedisServer, server).start()
        eventually(lambda: server.client()("AUTH", "right") == b"OK")
        worker = start_worker(f"redis://:wrong@127.0.0.1:{server.port}", ready=False)
        eventually(lambda: worker.health("live").status == 200)
        eventually(lambda: "WRONGPASS" in worker.text() or "auth" in worker.text().lower(), what="a line in the log")
        assert worker.health().status == 503
        assert "wrong@" not in worker.text(), "no log holds a password"
    finally:
        server.kill()


def test_a_redis_that_evicts_is_not_ready(own_redis, start_worker):
    """Logs that Redis may throw away would be silent gaps."""
    redis = own_redis.client()
    redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    worker = start_worker(own_redis.url, ready=False)
    eventually(lambda: worker.health().status == 503 and b"noeviction" in worker.health().body)
    redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
    eventually(lambda: is_ready(worker), 15)


def test_one_line_per_log_message_whatever_a_client_sends(own_redis, start_worker):
    worker = start_worker(own_redis.url, log_level="trace")
    hostile = "/events?channel=x%0d%0a%1b%5b31mFORGED&ticket=SECRETTICKET"
    request(worker.address, "GET", hostile, headers={"User-Agent": "agent\x1b[31m", "Origin": "http://evil\x07"})
    request(worker.address, "GET", "/events?channel=bad*&ticket=SECRETTICKET")
    assert "SECRETTICKET" not in worker.text()
    assert "\x1b" not in worker.text()
    assert not any(line.startswith("FORGED") for line in worker.text().splitlines())
