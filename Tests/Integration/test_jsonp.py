"""JSONP: long polls by script tags, from any page and for any payload."""

import json

import pytest

from clients import EventStream, events_path, split_url
from http_wire import request
from more_clients import ScriptPoller, called
from test_worker_payloads import PAYLOADS, expected_data

BAD_CALLBACKS = [
    "", "1a", "a(b", "alert(1)//", "a;b", "a b", "<script>alert(1)</script>", "a\r\nX-Injected: 1", "a\0b", "é", "ａ",
    "a'", 'a"', "a[0]", "a-b", "a" * 65, "\ufeffa", "a/*", "*/alert(1)/*",
]


def at(worker, path, **headers):
    return request(worker.address, "GET", path, headers={"Accept": "*/*", **headers})


def standing(worker, channel):
    """Where somebody stands who begins now."""
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        return stream.last_event_id


def test_the_answer_is_a_script_and_nothing_else(worker, redis, channel):
    poller = ScriptPoller(worker.address, channel, callback="halley._3")
    poller.position = standing(worker, channel)
    redis.publish(channel, '{"html":"</script><!--"}')
    assert [event["data"] for event in poller.poll()] == [{"html": "</script><!--"}]
    headers = poller.response.headers
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == "attachment; filename=f.txt"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "no-store" in headers["Cache-Control"]
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_every_payload_is_carried(worker, redis, channel, payload):
    poller = ScriptPoller(worker.address, channel)
    poller.position = standing(worker, channel)
    redis.publish(channel, payload)
    event, = poller.poll()
    assert (event["data"], event.get("encoding")) == expected_data(payload)


@pytest.mark.parametrize("payload", [
    '{"__proto__":{"a":1}}', '{"__proto__":1,"__proto__":2}', '{"\\u005f_proto__":[1,"<\\u2028"]}',
    '[{"x":{"__proto__":"\u2028</script>"}}]', '"__proto__"', "__proto__",
])
def test_a_payload_that_no_object_literal_says_is_parsed(worker, redis, channel, payload):
    """Twice `__proto__` in a literal is a syntax error: one such event would stop every page for good."""
    poller = ScriptPoller(worker.address, channel)
    poller.position = standing(worker, channel)
    redis.publish(channel, payload)
    event, = poller.poll()
    assert event["data"] == expected_data(payload.encode())[0]
    if ":" in payload:
        assert b'"data":JSON.parse("' in poller.response.body


@pytest.mark.parametrize("callback", BAD_CALLBACKS)
def test_a_callback_that_is_no_name_is_refused_and_not_echoed(worker, channel, callback):
    response = at(worker, events_path(channel, transport="jsonp", callback=callback))
    assert response.status == 400
    assert response.headers["Content-Type"] == "application/json"
    assert "X-Injected" not in response.headers
    if len(callback) > 1:
        assert callback.encode() not in response.body
    assert at(worker, events_path(channel, callback=callback)).status == 400


def test_without_a_callback_it_is_refused(worker, channel):
    assert at(worker, events_path(channel, transport="jsonp")).status == 400


@pytest.mark.parametrize(("query", "status"), [
    ("", 400), ("channel=a%20b", 400), ("channel=a&position=x", 400), ("channel=a&transport=pigeon", 400),
    ("channel=a&ticket=x", 401), ("channel=" + "a" * 256, 400),
])
def test_a_script_is_told_of_a_refusal_by_a_call(worker, query, status):
    response = at(worker, f"/events?callback=cb&{query}")
    assert response.status == 200
    answer = called(response.body)
    assert answer["status"] == status and answer["error"]


def test_at_the_limit_a_script_is_told_to_come_back(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, max_connections=1)
    with EventStream(worker.address, channel):
        response = at(worker, events_path(channel, callback="cb"))
        assert response.status == 200
        assert called(response.body)["status"] == 503


def test_the_position_loses_nothing_between_polls(worker, redis, channel):
    poller = ScriptPoller(worker.address, channel)
    poller.position = standing(worker, channel)
    received = []
    for number in range(40):
        redis.publish(channel, str(number))
        if number % 3 == 0:
            received += poller.poll()
    received += poller.until(40 - len(received)) if len(received) < 40 else []
    assert [event["data"] for event in received] == list(range(40))


def test_durable_events_of_the_past_come_and_a_gap_is_told(worker, redis, channel):
    ids = [redis("FCALL", "halley_publish", 1, f"halley:{channel}", f"{number}", "history", 2) for number in range(5)]
    poller = ScriptPoller(worker.address, channel)
    poller.position = standing(worker, channel)
    era = poller.position.partition("~")[0].partition(".")[2]
    poller.position = f"{ids[0].decode()}.{era}"
    messages = poller.poll()
    assert messages[0]["gap"]["channel"] == channel
    assert [message["data"] for message in messages[1:]] == [3, 4]
    assert all(message["id"] for message in messages[1:])


def test_it_can_be_switched_off(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    assert called(at(worker, "/events?callback=cb").body)["status"] == 400
    worker.kill()
    worker.arguments.append("--no-jsonp")
    worker.start()
    response = at(worker, events_path(channel, callback="cb"))
    assert response.status == 400
    assert b"cb" not in response.body


def test_a_script_tag_at_the_apex_is_sent_to_a_shard(cluster, channel):
    response = request(cluster.address, "GET", events_path(channel, callback="cb"), headers={"Accept": "*/*"})
    assert response.status == 307
    host, _, target = split_url(response.headers["Location"])
    assert "callback=cb" in target
    with EventStream(cluster.address, host=host, path=target.replace("callback=cb", "transport=sse")) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    cluster.publish(channel, json.dumps({"by": "a script"}))
    response = request(cluster.address, "GET", f"{target}&position={position}", host, {"Accept": "*/*"})
    assert [event["data"] for event in called(response.body)["events"]] == [{"by": "a script"}]
