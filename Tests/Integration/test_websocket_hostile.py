"""What a WebSocket's peer may do that it shouldn't: each ends that peer's connection alone, and takes no memory to speak of.
A bystander goes on receiving throughout."""

import base64
import os
import time

import pytest

from clients import events_path
from http_wire import Closed, Connection, head_of, raw
from waiting import QUICK_BEAT, eventually, wait_held
from web_socket import (
    BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Refused, WebSocket, close, frame, refusal, text, upgrade)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@pytest.fixture(autouse=True)
def bystander(worker, redis, channel):
    """Somebody on the same worker and channel, who hears what is published before and after."""
    with WebSocket(worker.address, f"{channel}.bystander") as socket:
        socket.expect("subscribed")
        yield socket
        redis.publish(f"{channel}.bystander", "1")
        assert socket.next()["data"] == 1


def memory(process):
    with open(f"/proc/{process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# What is no WebSocket's frame: RFC 6455, sections 5 and 7.4

BROKEN = {
    "unmasked": (frame(TEXT, b"{}", masked=False), 1002),
    "reserved bit 1": (frame(TEXT, b"{}", reserved=4), 1002),
    "reserved bit 2": (frame(TEXT, b"{}", reserved=2), 1002),
    "reserved bit 3": (frame(PING, b"", reserved=1), 1002),
    **{f"reserved opcode {opcode}": (frame(opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "stray continuation": (frame(CONTINUATION, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), 1002),
    "fragmented ping": (frame(PING, b"x", final=False), 1002),
    "fragmented close": (frame(CLOSE, b"", final=False), 1002),
    "ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "length not in its shortest form, 16 bits": (frame(TEXT, b"{}", length_bytes=2), 1002),
    "length not in its shortest form, 64 bits": (frame(TEXT, b"x" * 300, length_bytes=8), 1002),
    "length of 2^63": (frame(TEXT, declared=1 << 63), 1002),
    "length of 2^64 - 1": (frame(BINARY, declared=(1 << 64) - 1), 1002),
    "length of 2^62": (frame(TEXT, declared=1 << 62), 1009),
    "1 GiB declared": (frame(TEXT, declared=1 << 30), 1009),
    "64 KiB and a byte declared": (frame(TEXT, declared=65_537), 1009),
    "a message of fragments over 64 KiB": (
        frame(TEXT, b"x" * 40_000, final=False) + frame(CONTINUATION, declared=30_000), 1009),
    "text that is no UTF-8": (frame(TEXT, b"\xc0\x80"), 1007),
    "text that is no UTF-8, long before its end": (frame(TEXT, b"\xf4\x90", declared=60_000), 1007),
    "text that ends within a character": (frame(TEXT, b"\xe2\x82"), 1007),
    "a surrogate over two fragments": (frame(TEXT, b"\xed", final=False) + frame(CONTINUATION, b"\xa0\x80"), 1007),
    "close reason that is no UTF-8": (close(1000, b"\xff"), 1007),
    "half a close code": (frame(CLOSE, b"\x03"), 1002),
    **{f"close code {code}": (close(code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)},
    "a binary message": (frame(BINARY, b"{}"), 1003),
    "no request": (text("hello"), 1008),
    "a request and something else": (text('{"subscribe":["x"],"x":1}'), 1008),
    "JSON a million deep": (text('{"subscribe":' + "[" * 60_000), 1008),
    "a lone surrogate": (text('{"subscribe":["\\ud800"]}'), 1008),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_may_not_be_sent(worker, channel, what):
    data, code = BROKEN[what]
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.send(frame(PING, b"before") + data)
        assert socket.next_frame() == (PONG, b"before")
        assert socket.wait_close()[0] == code
        socket.wait_end(2)


def test_a_gibibyte_declared_is_refused_before_it_is_read_and_takes_no_memory(worker, channel):
    before = memory(worker)
    sockets = [WebSocket(worker.address, channel) for _ in range(20)]
    for socket in sockets:
        socket.expect("subscribed")
        socket.send(frame(TEXT, declared=1 << 30))
    for socket in sockets:
        assert socket.wait_close()[0] == 1009
        socket.close()
    assert memory(worker) - before < 1 << 20


def test_two_hundred_thousand_empty_fragments(worker, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        before = memory(worker)
        socket.send(frame(TEXT, b"", final=False))
        empty = b"".join(frame(CONTINUATION, b"", final=False) for _ in range(1_000))
        started = time.monotonic()
        try:
            for _ in range(200):
                socket.send(empty)
            socket.send(frame(CONTINUATION, b'{"unsubscribe":["x"]}'))
            socket.expect("unsubscribed", 10)
        except (Closed, ConnectionError):
            pass
        assert time.monotonic() - started < 10
        assert memory(worker) - before < 1 << 20


def test_two_hundred_thousand_pings_from_who_reads_nothing(worker, redis, channel, bystander):
    with WebSocket(worker.address, channel, receive_buffer=4_096) as socket:
        before = memory(worker)
        pings = b"".join(frame(PING, b"x" * 125) for _ in range(1_000))
        socket.connection.socket.settimeout(10)
        try:
            for _ in range(200):
                socket.send(pings)
        except OSError:
            pass
        redis.publish(f"{channel}.bystander", "2")
        assert bystander.next(2)["data"] == 2
        # What the kernel holds for a reader that sleeps isn't ours; of ours there is one pong.
        assert memory(worker) - before < 2 << 20


def test_a_million_subscriptions_one_after_the_other_are_too_many(worker, redis, channel):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        try:
            for number in range(10_000):
                name = f"{channel}.{number}"
                socket.say(subscribe=[name])
                socket.say(unsubscribe=[name])
        except OSError:
            pass
        try:
            assert socket.wait_close()[0] == 1008
        except Closed:
            pass
    known = redis("PUBSUB", "CHANNELS", f"halley:{channel}*")
    assert len(known) < 400


def test_a_message_that_never_ends(redis_server, start_worker, channel):
    worker = start_worker(redis_server.url, 2, head_ms=1_000)
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.send(frame(TEXT, b"{", final=False))
        assert socket.wait_close(5)[0] == 1008


def test_a_websocket_without_a_channel_is_closed_within_ten_seconds(worker):
    with WebSocket(worker.address) as socket:
        assert socket.wait_close(12)[0] == 1008


@pytest.mark.parametrize("sends", ["nothing", "pings"])
def test_who_says_close_and_never_closes_is_gone_in_ten_seconds(worker, channel, sends):
    with WebSocket(worker.address, channel) as socket:
        socket.expect("subscribed")
        socket.send(close(1000))
        assert socket.wait_close()[0] == 1000

        def is_gone():
            if sends == "pings":
                try:
                    socket.send(frame(PING))
                except OSError:
                    return True
            with open("/proc/net/tcp") as table:
                port = socket.connection.socket.getsockname()[1]
                # Our end's state: the worker's FIN makes it CLOSE_WAIT; only what it does to its own end shows it gone.
                return not any(
                    line.split()[2].endswith(f":{port:04X}") and line.split()[1].endswith(f":{worker.port:04X}")
                    and line.split()[3] in ("01", "04", "05") and line.split()[9] != "0" for line in table)

        eventually(is_gone, 10, every=0.2)


# What becomes no WebSocket

def test_upgrades_with_a_part_missing_or_wrong(worker, channel):
    path = events_path(channel)
    for data, statuses in [
        (upgrade(path, without=["Sec-WebSocket-Key"]), [400]),
        (upgrade(path, key="c2hvcnQ="), [400]),
        (upgrade(path, key="!" * 24), [400]),
        (upgrade(path, headers=[("Sec-WebSocket-Key", KEY)]), [400]),
        (upgrade(path, without=["Connection"]), [400]),
        (upgrade(path, without=["Sec-WebSocket-Version"]), [426]),
        (upgrade(path, without=["Sec-WebSocket-Version"], headers=[("Sec-WebSocket-Version", "8")]), [426]),
        (upgrade(path, headers=[("Sec-WebSocket-Version", "13")]), [426]),
        (upgrade(path, method="POST"), [405]),
        (upgrade(path, version="HTTP/1.0"), [400]),
        (head_of("GET", path + "&transport=websocket"), [426]),
        (upgrade(events_path("*")), [400]),
        (upgrade("/ws-echo"), [404]),
    ]:
        response = refusal(worker.address, data)
        assert response.status in statuses, (data, response)
        if response.status == 426:
            assert response.headers["Sec-WebSocket-Version"] == "13"
            assert response.headers["Upgrade"] == "websocket"


ORIGINS = [
    "https://evil.example", "null", "", "https://app.example.evil.com", "https://evil-app.example", "http://app.example",
    "https://app.example:444", "https://app.example/", "https://APP.example.", "app.example", "https://app.example, https://x",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_pages_of_other_sites_get_403_before_101(redis_server, start_worker, channel, origin):
    worker = start_worker(redis_server.url, 2, allow_origin="https://app.example")
    with pytest.raises(Refused) as refused:
        WebSocket(worker.address, channel, headers={"Origin": origin})
    assert refused.value.status == 403
    with WebSocket(worker.address, channel, headers={"Origin": "https://app.example"}) as socket:
        socket.expect("subscribed")


def test_two_origins_are_none(worker, channel):
    data = upgrade(events_path(channel), headers=[("Origin", "http://push.localhost:8080")] * 2)
    assert refusal(worker.address, data).status == 403


@pytest.mark.parametrize("host", ["push.localhost", "s5-a.push.localhost"])
def test_a_failed_upgrade_leaves_no_tunnel_through_the_router(cluster, channel, host):
    hidden = b"GET /health/live HTTP/1.1\r\nHost: push.localhost\r\n\r\n"
    for data in [
        upgrade(events_path(channel), host, without=["Sec-WebSocket-Version"]),
        upgrade(events_path(channel), host, key="c2hvcnQ="),
        upgrade(events_path(channel), host, {"Origin": "https://evil.example"}),
        upgrade("/health/live", host), upgrade("/ws-echo", host),
    ]:
        statuses, received = raw(cluster.address, data + hidden)
        assert statuses and statuses[0] != 101
        assert b'"status":"live","worker"' not in received.replace(b" ", b""), "a worker's health, by a tunnel"


def test_an_upgrade_to_anything_else_is_passed_over(worker, channel):
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", events_path(channel), headers={"Upgrade": "h2c", "Connection": "Upgrade"}))
        assert connection.read_head().status == 200


def test_a_slow_reader_is_closed_and_the_others_go_on(redis_server, redis, start_worker, channel):
    worker = start_worker(redis_server.url, 2, max_outbound_bytes=65_536, ring_bytes=64 << 20, stall_ms=1_000,
                          **QUICK_BEAT)
    slow = WebSocket(worker.address, channel, receive_buffer=8_192)
    slow.expect("subscribed")
    with WebSocket(worker.address, channel) as other:
        other.expect("subscribed")
        wait_held(redis, worker, 2)
        for number in range(300):
            redis.publish(channel, f"{number} " + "x" * 32_768)
            assert other.next()["data"].startswith(f"{number} ")
        wait_held(redis, worker, 1)
        received = 0
        with pytest.raises(Closed):
            while True:
                assert slow.next()["data"].startswith(f"{received} ")
                received += 1
        assert received < 300
        with WebSocket(worker.address, channel, position=slow.position, receive_buffer=8_192) as back:
            assert back.expect("subscribed")["subscribed"]["resume"] == "complete"
            for number in range(received, 300):
                assert back.next()["data"].startswith(f"{number} ")
    slow.close()


# The echo for conformance tools

def test_the_echo_is_off_unless_it_is_asked_for_and_loud_when_it_is(redis_server, start_worker):
    worker = start_worker(redis_server.url, 2, ws_echo_for_tests=True)
    assert "/ws-echo IS SERVED" in worker.text()
    with WebSocket(worker.address, path="/ws-echo") as socket:
        socket.send(text("κόσμε", final=False) + frame(PING, b"p") + frame(CONTINUATION, b"!"))
        assert socket.next_frame() == (PONG, b"p")
        assert socket.next_frame() == (TEXT, "κόσμε!".encode())
        for size in (1 << 20, 16 << 20):
            data = os.urandom(size)
            socket.send(frame(BINARY, data))
            assert socket.next_frame(20) == (BINARY, data)
        many = base64.b64encode(os.urandom(48_000))
        socket.send(b"".join(
            frame(TEXT if start == 0 else CONTINUATION, many[start:start + 64], final=start + 64 >= len(many))
            for start in range(0, len(many), 64)))
        assert socket.next_frame() == (TEXT, many)
        socket.send(frame(TEXT, b"\xff"))
        assert socket.wait_close()[0] == 1007
