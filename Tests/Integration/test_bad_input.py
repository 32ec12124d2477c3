"""What the internet will send: each a clear 4xx, from the worker, the coordinator and the router, and nothing harmed."""

import json
import random
import threading
import time

import pytest

from clients import EventStream, LineStream
from http_wire import Closed, Connection, Response, head_of, raw, read_response, request
from waiting import eventually

BAD_NAMES = {
    "empty": "", "256 bytes": "c" * 256, "CR": "a%0Db", "LF": "a%0Ab", "CR LF": "x%0D%0AFLUSHALL%0D%0A", "NUL": "a%00b",
    "star": "*", "star inside": "ne*s", "question mark": "new%3F", "bracket": "%5Ba%5D", "brace": "{a}",
    "percent s": "%25s", "percent b": "%25b", "space": "a%20b", "plus": "a+b", "comma": "a,b", "tilde": "~gap",
    "backslash": "a%5Cb", "not UTF-8": "a%ff", "overlong": "%c0%af", "surrogate": "a%ed%a0%80", "unicode twin": "n%D0%B5ws",
    "broken escape": "a%2", "open": "open", "error": "error", "quote": "a%22b", "tag": "%3Cb%3E",
}

# Each on a target that takes a channel from the query.
QUERIES = {
    "no channel": "", "no value": "channel", "200 channels": "&".join(f"channel=c{number}" for number in range(200)),
    "65 channels": "&".join(f"channel=c{number}" for number in range(65)),
    **{f"name: {what}": f"channel={name}" for what, name in BAD_NAMES.items()},
    "a good name and a bad one": "channel=news&channel=*",
}

HEADS = {
    "1 MiB query": lambda path: f"GET {path}?channel={'x' * (1 << 20)} HTTP/1.1\r\nHost: push.localhost\r\n\r\n",
    "17 KiB header": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\nX: {'y' * 17_408}\r\n\r\n",
    "101 fields": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n" + "X: y\r\n" * 100 + "\r\n",
    "Content-Length 2^63": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                        "Content-Length: 9223372036854775808\r\n\r\n",
    "Content-Length 2^64": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                        "Content-Length: 18446744073709551616\r\n\r\n",
    "negative Content-Length": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                            "Content-Length: -1\r\n\r\n",
    "empty Content-Length": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\nContent-Length:\r\n\r\n",
    "two Content-Lengths": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                        "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "space before a colon": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                         "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunk size overflow": lambda path: f"POST {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nab",
    "no Host": lambda path: f"GET {path}?channel=x HTTP/1.1\r\n\r\n",
    "two Hosts": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\nHost: evil.example\r\n\r\n",
    "empty header name": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n: x\r\n\r\n",
    "NUL in a header": lambda path: f"GET {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\nX: a\0b\r\n\r\n",
    "no version": lambda path: f"GET {path}?channel=x\r\n\r\n",
    "garbage": lambda path: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "CONNECT": lambda path: "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "TRACE": lambda path: f"TRACE {path}?channel=x HTTP/1.1\r\nHost: push.localhost\r\n\r\n",
}


@pytest.fixture(scope="module")
def bystanders(cluster):
    """Two connections held through all of this: one straight to a worker, one through the router."""
    worker = cluster.workers["worker-1"]
    with (
        LineStream(worker.address, "bystander") as direct,
        EventStream(cluster.address, "bystander", host=f"s9-b.push.localhost:{cluster.router.port}") as routed,
    ):
        yield direct, routed


@pytest.fixture(autouse=True)
def nothing_is_harmed(cluster, bystanders):
    yield
    cluster.publish("bystander", '"unharmed"')
    direct, routed = bystanders
    assert direct.next()["data"] == "unharmed"
    assert routed.next().data == '"unharmed"'
    assert all(process.is_running for process in cluster.processes)


@pytest.fixture(params=["worker", "coordinator", "router, shard", "router, apex"])
def target(request, cluster):
    """(address, host) of what is asked."""
    return {
        "worker": (cluster.workers["worker-1"].address, "push.localhost"),
        "coordinator": (cluster.coordinators[0].address, "push.localhost"),
        "router, shard": (cluster.address, "s3-a.push.localhost"),
        "router, apex": (cluster.address, "push.localhost"),
    }[request.param]


def is_clear(response):
    """A 4xx with a reason in words, and no echo of what came."""
    assert 400 <= response.status < 500, response
    assert response.json()["error"], response
    assert "no-store" in (response.headers.get("Cache-Control") or "no-store")
    return True


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_bad_channels(target, query):
    address, host = target
    response = request(address, "GET", f"/events?{query}", host)
    assert response.status == 400, response
    assert is_clear(response)
    assert b"FLUSHALL" not in response.body and b"<b>" not in response.body


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_bad_channels_whatever_the_transport(target, accept):
    address, host = target
    response = request(address, "GET", "/events?channel=*", host, {"Accept": accept})
    assert response.status == 400 and is_clear(response)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_bad_heads(target, head):
    address, host = target
    text = head("/events").replace("Host: push.localhost", f"Host: {host}")
    statuses, received = raw(address, text.encode("latin-1"), within=3)
    assert len(statuses) == 1, received
    assert 400 <= statuses[0] < 500, received
    assert b"evil.example" not in received


POSITIONS = {
    "garbage": "garbage", "zero": "0", "negative": "-1", "no era": "99999999999999-0", "overflow": "1-18446744073709551616.aB3xYz",
    "513 bytes": "1" * 513, "15 KiB": "1" * 15_000, "redis command": "x%0D%0AFLUSHALL", "format": "%25s", "tag": "<b>",
}


@pytest.mark.parametrize("position", POSITIONS.values(), ids=POSITIONS.keys())
def test_bad_positions(cluster, position):
    for address, host in [
        (cluster.workers["worker-1"].address, "push.localhost"), (cluster.address, "s3-a.push.localhost"),
    ]:
        response = request(address, "GET", "/events?channel=x", host, {"Last-Event-ID": position})
        assert response.status in (400, 431) and is_clear(response)
        response = request(address, "GET", f"/events?channel=x&position={position}", host)
        assert response.status in (400, 431) and is_clear(response)


def test_a_position_of_a_strange_worker_is_no_error(cluster):
    with EventStream(cluster.address, "x", host="s3.push.localhost",
                     last_event_id="1-1.aB3xYz~0123456789abcdef.18446744073709551615") as stream:
        assert stream.status == 200
        assert stream.headers["Halley-Resume"] in ("durable-only", "gap")


HOSTS = [
    "evil.example", "push.localhost.evil.example", "s1.push.localhost.evil.com", "xpush.localhost", "s-1.push.localhost",
    "s64.push.localhost", "s99999.push.localhost", "s18446744073709551617.push.localhost", "s01.push.localhost",
    "s1-aa.push.localhost", "s1-.push.localhost", "a.s1.push.localhost", "localhost", "127.0.0.1", "s1", "", "[::1]",
    "x@s1.push.localhost", "s1.push.localhost/x", "s1_push.localhost", "%73%31.push.localhost", "s1.push.localhost:80:80",
    "worker-1.push.localhost", "..push.localhost", "s1..push.localhost",
]


@pytest.mark.parametrize("host", HOSTS)
def test_unknown_hosts_at_the_router(cluster, host):
    response = request(cluster.address, "GET", "/events?channel=x", host)
    assert 400 <= response.status < 500, response


@pytest.mark.parametrize("host", ["S3.PUSH.LOCALHOST", "s3.push.localhost.", "s3-q.push.localhost:8080", "s3.Push.Localhost:1"])
def test_other_spellings_of_a_known_host(cluster, host):
    with LineStream(cluster.address, "x", host=host) as lines:
        assert lines.status == 200
        assert lines.headers["Halley-Worker"] == cluster.owner("s3")


def test_an_absolute_target_leads_nowhere_else(cluster):
    statuses, received = raw(
        cluster.address, b"GET http://evil.example/events?channel=x HTTP/1.1\r\nHost: push.localhost\r\n\r\n", within=2)
    assert len(statuses) == 1 and (400 <= statuses[0] < 500), received


def test_two_requests_are_never_made_of_one(target):
    """Content-Length with Transfer-Encoding, and the like: one answer or a refusal, never two."""
    address, host = target
    smuggled = b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: push.localhost\r\n\r\n"
    for fields in [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding:\x0bchunked\r\n",
        b"Content-Length: 4\r\nContent-Length: 4\r\n", b"Content-Length: +4\r\n", b"Content-Length: 4, 4\r\n",
    ]:
        data = b"POST /session HTTP/1.1\r\nHost: " + host.encode() + b"\r\n" + fields + b"\r\n" + smuggled
        statuses, received = raw(address, data, within=0.5)
        assert len(statuses) <= 1, (fields, received)


BODIES = {
    "no JSON": b"channels=news", "broken": b'{"channels":["news"', "an array": b'["news"]', "a number": b"1",
    "numbers as channels": b'{"channels":[1,2]}', "null among channels": b'{"channels":[null]}', "nested": b'{"channels":[["news"]]}',
    "a bad name": b'{"channels":["*"]}', "NUL in a name": b'{"channels":["a\\u0000b"]}', "CR LF in a name": b'{"channels":["a\\r\\nb"]}',
    "lone surrogate": b'{"channels":["\\ud800"]}', "a million deep": b"[" * 30_000, "raw NUL": b'{"channels":["a\x00b"]}',
    "not UTF-8": b'{"channels":["\xff"]}', "200 channels": json.dumps({"channels": [f"c{n}" for n in range(200)]}).encode(),
    "256 bytes": json.dumps({"channels": ["c" * 256]}).encode(), "huge number": b'{"channels":1e999999999}',
    "64 channels too long for a URL": json.dumps({"channels": [f"{n:03}" * 85 for n in range(64)]}).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("through", ["coordinator", "router"])
def test_bad_bodies(cluster, through, body):
    address = cluster.address if through == "router" else cluster.coordinators[0].address
    response = request(address, "POST", "/session", "push.localhost", {"Content-Type": "application/json"}, body)
    assert response.status in (400, 413) and is_clear(response)


@pytest.mark.parametrize("size,status", [(100_000, 413), (8 << 20, 413)])
@pytest.mark.parametrize("through", ["coordinator", "router"])
def test_large_bodies(cluster, through, size, status):
    address = cluster.address if through == "router" else cluster.coordinators[0].address
    head = head_of("POST", "/session", "push.localhost", {"Content-Length": str(size)})
    with Connection(address) as connection:
        try:
            connection.send(head + b"\n" * size)
        except OSError:
            pass  # It was refused before it was all sent.
        assert read_response(connection).status == status


def test_a_gzip_bomb_is_not_inflated(cluster):
    response = request(
        cluster.coordinators[0].address, "POST", "/session", "push.localhost",
        {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b" + b"\x00" * 100)
    assert 400 <= response.status < 500 and is_clear(response)


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_bad_channels_to_publish_on(cluster, name):
    response = request(cluster.coordinators[0].admin, "POST", f"/publish?channel={name}", "127.0.0.1", body=b"x")
    assert response.status == 400 and is_clear(response)


def test_bodies_that_trickle_are_dropped_in_ten_seconds(cluster):
    """To each of the three at once: a byte now and then of a body or a head that never ends."""
    results = {}

    def trickle(name, address, head):
        with Connection(address) as connection:
            started = time.monotonic()
            answer = Response(0, None)
            try:
                connection.send(head)
                while time.monotonic() < started + 14:
                    try:
                        connection.fill(time.monotonic() + 0.3)
                        if b"\r\n\r\n" in connection.buffer:
                            answer = connection.read_head()
                    except TimeoutError:
                        connection.send(b"x")
            except (Closed, OSError):
                pass
            results[name] = (time.monotonic() - started, answer.status)

    post = head_of("POST", "/session", "push.localhost", {"Content-Type": "application/json", "Content-Length": "1000"})
    get = b"GET /events?channel=x HTTP/1.1\r\nHost: push.localhost\r\nX-Slow: "
    threads = [
        threading.Thread(target=trickle, args=arguments)
        for arguments in [
            ("coordinator, body", cluster.coordinators[0].address, post),
            ("coordinator, head", cluster.coordinators[0].address, get),
            ("router, body", cluster.address, post),
            ("router, head", cluster.address, get),
            ("router, shard's body", cluster.address, post.replace(b"Host: push", b"Host: s1.push").replace(b"/session", b"/events")),
            ("worker, body", cluster.workers["worker-1"].address, post),
            ("worker, head", cluster.workers["worker-1"].address, get),
        ]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(seconds <= 13 for seconds, _ in results.values()), results
    assert all(400 <= status < 500 for _, status in results.values()), results


def test_headers_that_only_the_inside_may_set_are_not_believed(cluster):
    hostile = {
        "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Original-URL": "/publish?channel=x",
        "X-Rewrite-URL": "/publish", "Halley-Worker": "worker-2", "X-Forwarded-For": "1.2.3.4",
    }
    response = request(cluster.address, "GET", "/events?channel=x", "push.localhost", hostile)
    assert response.status == 307
    assert "evil" not in response.headers["Location"]


def test_nothing_reached_redis(cluster):
    redis = cluster.redis.client()
    assert redis("EXISTS", "halley/shards") == 1
    names = redis("PUBSUB", "CHANNELS", "*")
    assert all(b"\r" not in name and b"*" not in name and b"FLUSH" not in name for name in names)
    assert redis("PUBSUB", "NUMPAT") == 0
    statistics = redis("INFO", "commandstats")
    assert not any(f"cmdstat_{command}:".encode() in statistics for command in ["flushall", "keys", "scan", "psubscribe"])


def test_many_random_bytes(target):
    address, _ = target
    draw = random.Random(11)
    for _ in range(40):
        data = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 400))) + b"\r\n\r\n"
        statuses, received = raw(address, data, within=0.15)
        assert all(400 <= status < 500 for status in statuses), (data, received)


def test_hundreds_of_silent_sockets_harm_nobody(target):
    address, host = target
    sockets = [Connection(address) for _ in range(300)]
    try:
        response = eventually(lambda: request(address, "GET", "/events?channel=*", host))
        assert response.status == 400
    finally:
        for connection in sockets:
            connection.close()
