"""The forever frame: messages as scripts, for the page of one verified origin."""

import pytest

from clients import events_path, split_url
from cluster import Worker
from http_wire import Closed, request
from more_clients import PAGE, Frame
from test_worker_payloads import PAYLOADS, expected_data

APP = "https://app.example"


@pytest.fixture(scope="module")
def open_worker(module_directory, redis_server):
    process = Worker(module_directory, redis_server.url, number=8, allow_origin=f"{APP},http://localhost:3000").start()
    yield process
    process.kill()


def refusal(worker, **query):
    return request(worker.address, "GET", events_path("news", transport="iframe", **query))


def test_a_frame_is_for_the_page_that_it_names(open_worker, redis, channel):
    with Frame(open_worker.address, channel, origin=APP) as frame:
        assert frame.status == 200
        assert frame.headers["Content-Type"] == "text/html; charset=utf-8"
        assert frame.headers["Content-Security-Policy"] == (
            f"default-src 'none'; script-src 'unsafe-inline'; frame-ancestors {APP}")
        assert frame.headers["X-Content-Type-Options"] == "nosniff"
        assert frame.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in frame.headers["Cache-Control"]
        assert set(frame.next_line()) == {"position"}
        assert frame.prelude.startswith(b"<!doctype html>\n")
        assert f'parent.postMessage(x,"{APP}")'.encode() in frame.prelude
        redis.publish(channel, '{"a":1}')
        assert frame.next()["data"] == {"a": 1}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_every_payload_is_carried(worker, redis, channel, payload):
    with Frame(worker.address, channel) as frame:
        frame.next_line()
        redis.publish(channel, payload)
        event = frame.next()
        assert (event["data"], event.get("encoding")) == expected_data(payload)


@pytest.mark.parametrize("origin", [
    "https://evil.example", "https://app.example.evil.com", "https://evil-app.example", "http://app.example",
    "https://app.example:8443", "http://localhost:3001", "http://push.localhost:81",
])
def test_other_pages_get_no_frame(open_worker, origin):
    response = refusal(open_worker, origin=origin)
    assert response.status == 403
    assert response.headers["Content-Type"] == "application/json"
    assert origin.encode() not in response.body


@pytest.mark.parametrize("origin", [
    "", "null", "*", "https://app.example/", "https://app.example/..", "https://user@app.example", "app.example",
    'https://app.example");alert(1)//', "https://app.example\r\nX-Injected: 1", "javascript:alert(1)", "data:text/html,x",
    "https://app.example https://evil.example", "https://" + "a" * 300, "https://app.example'; script-src *",
])
def test_what_is_no_origin_gets_no_frame(open_worker, origin):
    response = refusal(open_worker, origin=origin)
    assert response.status == 400
    assert response.headers["Content-Type"] == "application/json"
    assert "X-Injected" not in response.headers
    assert b"alert" not in response.body
    assert refusal(open_worker).status == 400


def test_pages_of_this_machine_come_in_where_the_worker_is_open(own_redis, start_worker):
    worker = start_worker(own_redis.url)
    assert refusal(worker, origin="http://localhost:3000").status == 403
    assert refusal(worker, origin=f"http://127.0.0.1:{worker.port}").status == 403, "the request names another host"
    worker.kill()
    worker.arguments.append("--open")
    worker.start()
    with Frame(worker.address, "news", origin="http://localhost:3000") as frame:
        assert frame.status == 200
    assert refusal(worker, origin="http://localhost.evil.example").status == 403


def test_the_apex_is_configured(own_redis, start_worker):
    worker = start_worker(own_redis.url, public_url="https://push.example.com")
    with Frame(worker.address, "news", origin="https://push.example.com") as frame:
        assert frame.status == 200
    assert refusal(worker, origin=PAGE).status == 403


def test_it_goes_on_from_a_position(worker, redis, channel):
    with Frame(worker.address, channel) as frame:
        redis.publish(channel, "1")
        position = frame.next()["position"]
    for number in (2, 3):
        redis.publish(channel, f"{number}")
    with Frame(worker.address, channel, position=position) as frame:
        assert frame.headers["Halley-Resume"] == "complete"
        assert [event["data"] for event in frame.take(2)] == [2, 3]


def test_a_gap_is_told(worker, channel):
    with Frame(worker.address, channel, position="1-0.zzzzzz") as frame:
        assert frame.headers["Halley-Resume"] == "gap"
        messages = [frame.next_line(), frame.next_line()]
        gap, = [message for message in messages if "gap" in message]
        assert gap["gap"]["channel"] == channel and gap["gap"]["from"] == "1-0"


def test_it_ends_after_a_mebibyte_and_the_next_goes_on(worker, redis, channel):
    with Frame(worker.address, channel) as frame:
        assert frame.headers["Connection"] == "close"
        frame.next_line()
        for number in range(20):
            redis.publish(channel, f"{number} " + "x" * 65_536)
        events, position = read_to_end(frame)
    assert 10 < len(events) < 20
    with Frame(worker.address, channel, position=position) as frame:
        events += frame.take(20 - len(events))
    assert [int(event["data"].split(" ")[0]) for event in events] == list(range(20))


def read_to_end(frame):
    """All its events, and where they end."""
    events, position = [], None
    try:
        while True:
            message = frame.next_line()
            position = message.get("position", position)
            if "channel" in message:
                events.append(message)
    except Closed:
        return events, position


def test_through_the_router_a_frame_keeps_its_page(cluster, channel):
    response = request(cluster.address, "GET", events_path(channel, transport="iframe", origin=cluster.url))
    assert response.status == 307
    host, _, target = split_url(response.headers["Location"])
    assert "transport=iframe" in target and "origin=" in target
    with Frame(cluster.address, path=target, host=host) as frame:
        assert frame.status == 200
        frame.next_line()
        cluster.publish(channel, "</script>")
        assert frame.next()["data"] == "</script>"
