"""What clients are told when workers fail: an EventSource never sees an error status from the router."""

import re
import time

from http_wire import Closed, Connection, head_of
from router import SSE, router, start_router  # noqa: F401
from waiting import eventually


def drain(connection, within):
    """Reads until the end of the stream and says how long that took, in seconds."""
    began = time.monotonic()
    try:
        while True:
            connection.fill(began + within)
    except Closed:
        return time.monotonic() - began


def assert_told_to_return(response):
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in response.headers["Cache-Control"]
    retry = re.fullmatch(rb"retry: (\d+)\n\n", response.body)
    assert retry, response.body
    assert 500 <= int(retry.group(1)) <= 1500
    return int(retry.group(1))


def test_without_a_worker_an_event_source_is_told_when_to_return_and_others_get_503(start_router):
    router = start_router(workers=0)
    returns = {assert_told_to_return(router.get("s1", headers=SSE)) for _ in range(20)}
    assert len(returns) > 5, "not jittered"
    assert_told_to_return(router.get("s1", "/events?channel=a&transport=sse"))
    for headers in ({}, {"Accept": "application/json"}):
        response = router.get("s1", headers=headers)
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        assert "error" in response.json()


def test_without_a_coordinator_an_event_source_is_told_when_to_return_and_others_get_503(start_router):
    router = start_router(workers=1)
    router.coordinator.kill()
    assert_told_to_return(router.at_apex("/events?channel=news", headers=SSE))
    response = router.at_apex("/session", "POST", body=b"{}")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")


def test_an_event_source_never_sees_a_workers_error_status(router):
    response = router.get("s1", "/events?do=error", headers=SSE)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream"
    assert router.get("s1", "/events?do=error").status == 503


def test_a_killed_worker_costs_nobody_an_error(start_router):
    """Streams end at once; whoever returns to the same hostname is served by another worker within a moment, before and
    after the health check has noticed."""
    router = start_router()
    router.map(s5="w1", s6="w2")
    streams = [router.open("s5-a", headers=SSE)[0] for _ in range(20)]
    bystander, _ = router.open("s6", headers=SSE)
    router.workers["w1"].kill()
    killed = time.monotonic()
    assert max(drain(stream, 2) for stream in streams) < 0.5
    while time.monotonic() < killed + 2:
        began = time.monotonic()
        connection, head = router.open("s5-a", headers=SSE)
        assert head.status == 200
        assert head.headers["Halley-Worker"] in ("w2", "w3")
        assert time.monotonic() - began < 0.5
        connection.close()
        plain = router.get("s5-a")
        assert plain.status == 200
    assert router.is_down("w1")
    bystander.fill(time.monotonic() + 1)


def test_a_frozen_worker_is_found_by_its_health_check(start_router):
    """It accepts connections and says nothing. When it is down the leader, here this test, has held and waiting clients let
    go; EventSources without an error."""
    router = start_router()
    router.map(s5="w1")
    held, _ = router.open("s5", headers=SSE)
    router.workers["w1"].freeze()
    began = time.monotonic()
    with Connection(router.address) as waiting:
        waiting.send(head_of("GET", "/events", "s5.push.localhost", SSE))
        router.wait_down("w1")
        assert time.monotonic() - began < 4
        assert router.owner("s5") in ("w2", "w3")
        assert router.command("shutdown sessions server workers/w1").strip() == ""
        # By another worker, or told to come back: both keep an EventSource alive.
        head = waiting.read_head()
        assert (head.status, head.headers["Content-Type"]) == (200, "text/event-stream")
    assert drain(held, 5) < 1
    router.workers["w1"].thaw()
    router.wait_up("w1")
    assert router.owner("s5") == "w1"


def test_a_worker_is_told_at_once_that_a_client_left(start_router):
    router = start_router(workers=1)
    stream, _ = router.open("s1", "/events?do=hold")
    poll = Connection(router.address)
    poll.send(head_of("GET", "/events?do=wait", "s1.push.localhost"))
    eventually(lambda: router.used_connections("w1") == 2)
    stream.close()
    poll.close()
    eventually(lambda: len(router.workers["w1"].departures()) == 2, within=2)
