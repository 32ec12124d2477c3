"""The router's bounds on heads, bodies, slowness and connections."""

import threading
import time

import pytest

from http_wire import Closed, Connection, head_of
from router import SSE, router, start_router  # noqa: F401
from waiting import eventually


def test_a_head_of_nearly_16_kib_passes(router):
    assert router.get("s1", headers={"X-Filler": "x" * 16_000}).status == 200


@pytest.mark.parametrize("size", [17_000, 30_000])
def test_a_head_over_16_kib_is_431(router, size):
    assert router.get("s1", headers={"X-Filler": "x" * size}).status == 431
    assert router.get("s1", "/events?channel=" + "x" * size).status == 431


def test_a_query_of_a_mebibyte_is_refused(router):
    statuses, _ = router.raw(head_of("GET", "/events?channel=" + "x" * (1 << 20), "s1.push.localhost"))
    assert statuses in ([400], [414], [431], [])


@pytest.mark.parametrize("count, status", [(98, 200), (110, 431), (200, 431), (2_000, 400)])
def test_a_hundred_header_fields_are_enough(router, count, status):
    fields = "Connection: close\r\n" + "".join(f"X-{number}: 1\r\n" for number in range(count - 2))
    assert router.raw(f"GET /events HTTP/1.1\r\nHost: s1.push.localhost\r\n{fields}\r\n".encode())[0] == [status]


@pytest.mark.parametrize("length, status", [
    ("9223372036854775808", 400), ("18446744073709551616", 400), ("18446744073709551617", 400),
    ("36893488147419103233", 400), ("-1", 400), ("+5", 400), ("", 400), ("5 5", 400), ("0x5", 400),
    ("9223372036854775807", 400), ("1048577", 413)])
def test_a_bad_length_is_refused_at_once(router, length, status):
    began = time.monotonic()
    fields = {"Content-Length": length, "Connection": "close"}
    statuses, answer = router.raw(head_of("POST", "/session", "push.localhost", fields))
    assert statuses == [status], answer
    assert time.monotonic() - began < 3


def test_slow_senders_are_gone_in_ten_seconds(router):
    """A head that trickles, a body that trickles, a socket that says nothing."""
    results = {}

    def trickle(name, first):
        began = time.monotonic()
        with Connection(router.address) as connection:
            try:
                if first:
                    connection.send(first)
                while time.monotonic() < began + 14:
                    if first:
                        connection.send(b"x")
                    try:
                        connection.fill(time.monotonic() + 0.5)
                    except TimeoutError:
                        pass
            except (Closed, OSError):
                pass
            results[name] = (time.monotonic() - began, bytes(connection.buffer))

    threads = [threading.Thread(target=trickle, args=pair) for pair in [
        ("head", b"GET /events HTTP/1.1\r\nHost: s1.push.localhost\r\nX-"),
        ("body", b"POST /session HTTP/1.1\r\nHost: push.localhost\r\nContent-Length: 1000\r\n\r\n"),
        ("silence", b"")]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(9 < seconds < 12 for seconds, _ in results.values()), results
    assert results["head"][1].startswith(b"HTTP/1.1 408")
    assert results["body"][1].startswith(b"HTTP/1.1 408")
    assert results["silence"][1] == b""


def test_a_reader_that_takes_nothing_is_dropped(start_router):
    router = start_router(workers=1)
    connection, _ = router.open("s1", "/events?do=flood", receive_buffer=4_096)
    with connection:
        eventually(lambda: router.workers["w1"].departures(), within=20, what="the worker is rid of the stalled reader")
        assert router.workers["w1"].departures()[0] < 15


def test_connections_of_one_address_are_bounded(start_router):
    router = start_router(workers=1, HALLEY_MAX_PER_ADDRESS="20")
    held = [router.open("s1", headers=SSE)[0] for _ in range(20)]
    with pytest.raises((Closed, ConnectionError)):
        router.open("s1", headers=SSE)
    for connection in held:
        connection.close()
    eventually(lambda: router.owner("s1") == "w1")
