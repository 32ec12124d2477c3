"""The probe: two chunks with a pause between them, directly and through the router, neither of which holds one back."""

import time

import pytest

from clients import EventStream, Held
from http_wire import Closed, Connection, head_of, read_response, request


def chunks(held):
    """(content, seconds since the head) of each piece, to the end."""
    began, pieces = time.monotonic(), []
    try:
        while True:
            pieces.append((held.read(began + 10), time.monotonic() - began))
    except Closed:
        return pieces


def assert_is_a_probe(held, seconds):
    assert held.status == 200
    assert held.headers["Content-Type"] == "text/plain"
    assert held.headers["X-Content-Type-Options"] == "nosniff"
    assert held.headers["X-Accel-Buffering"] == "no"
    assert held.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in held.headers["Cache-Control"]
    (first, early), (second, late) = chunks(held)
    assert (first, second) == (b"1\n", b"2\n")
    assert early < 0.5 * seconds
    assert seconds - 0.1 <= late < seconds + 1


def test_the_second_chunk_comes_two_seconds_later(worker):
    with Held(worker.address, "/probe") as held:
        assert_is_a_probe(held, 2)


@pytest.mark.parametrize("host", ["push.localhost", "s17-c.push.localhost"])
def test_through_the_router_as_well(cluster, host):
    with Held(cluster.address, "/probe?delay=1000", host=host) as held:
        assert_is_a_probe(held, 1)
        assert held.headers["Halley-Worker"] in cluster.workers


def test_the_connection_goes_on_behind_it(worker):
    with Connection(worker.address) as connection:
        connection.send(head_of("GET", "/probe?delay=100") + head_of("GET", "/health/live"))
        assert read_response(connection).body == b"1\n2\n"
        assert read_response(connection).json()["status"] == "live"


@pytest.mark.parametrize("query", ["delay=", "delay=99", "delay=5001", "delay=-1", "delay=1e3", "delay=%", "delay=1" + "0" * 400])
def test_a_bad_delay_is_refused(worker, query):
    assert request(worker.address, "GET", f"/probe?{query}").status == 400


def test_other_methods_are_refused(worker):
    assert request(worker.address, "POST", "/probe", body=b"").status == 405


def test_probes_are_bounded_as_held_requests_are(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, max_connections=3)
    probes = [Held(worker.address, "/probe?delay=5000") for _ in range(3)]
    refused = request(worker.address, "GET", "/probe")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    with EventStream(worker.address, channel) as stream:
        assert stream.status == 200
        stream.wait_closed()
    for probe in probes:
        probe.close()
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.retry)
