"""Publishing durable events over HTTP and by `halley publish`: ids, idempotency, history, batches, and clear refusals."""

import base64
import json

import pytest

from clients import LineStream
from cluster import Coordinator, halley
from http_wire import request
from waiting import eventually

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def coordinator(module_directory, redis_server):
    process = Coordinator(module_directory, redis_server.url, is_open=False, retention_ms=120_000)
    yield process.start()
    process.kill()


def publish(coordinator, query, body=b"x", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(coordinator.admin, "POST", f"/publish?{query}", "127.0.0.1", fields, body)


def log(redis, channel):
    """The payloads in the channel's log, oldest first, by id."""
    return {id.decode(): fields[3] for id, fields in redis("XRANGE", f"halley/log/{channel}", "-", "+")}


def order(id):
    return tuple(int(part) for part in id.split("-"))


def test_an_event_is_in_the_log_and_its_answer_is_its_id(coordinator, redis, channel):
    payloads = [b"one", b"", b"\xff\x00\r\n", b'{"a":1.0}']
    ids = []
    for payload in payloads:
        response = publish(coordinator, f"channel={channel}", payload)
        assert response.status == 200 and set(response.json()) == {"id"}, response
        ids.append(response.json()["id"])
    assert ids == sorted(set(ids), key=order)
    assert list(log(redis, channel).items()) == list(zip(ids, payloads))


def test_a_repeated_event_with_its_key_is_published_once(coordinator, redis, channel):
    answers = [publish(coordinator, f"channel={channel}", b"paid", Idempotency_Key="order 7") for _ in range(5)]
    assert len({answer.body for answer in answers}) == 1
    other = publish(coordinator, f"channel={channel}", b"paid", Idempotency_Key="order 8")
    elsewhere = publish(coordinator, f"channel={channel}.b", b"paid", Idempotency_Key="order 7")
    assert len({answers[0].body, other.body, elsewhere.body}) == 3
    assert len(log(redis, channel)) == 2
    publish(coordinator, f"channel={channel}.c&keyttl=1", Idempotency_Key="short")
    eventually(lambda: redis("EXISTS", f"halley/key/{len(channel) + 2}/{channel}.c/short") == 0)


def test_history_and_time_to_live(coordinator, redis, channel):
    for number in range(5):
        publish(coordinator, f"channel={channel}&history=3", str(number).encode())
    assert list(log(redis, channel).values()) == [b"2", b"3", b"4"]
    # T is what --retention-ms says, and ttl lengthens it. Redis is told with a 64th of T to spare, so not each time.
    assert 100_000 < redis("PTTL", f"halley/log/{channel}") <= 122_000
    publish(coordinator, f"channel={channel}&ttl=600000")
    assert 500_000 < redis("PTTL", f"halley/log/{channel}") <= 602_000
    publish(coordinator, f"channel={channel}&ttl=5")
    assert 500_000 < redis("PTTL", f"halley/log/{channel}") <= 602_000


def test_a_live_event_is_stored_nowhere(coordinator, redis, channel):
    response = publish(coordinator, f"channel={channel}&live=true")
    assert response.json() == {"receivers": 0}
    assert redis("EXISTS", f"halley/log/{channel}") == 0


@pytest.mark.parametrize("query, headers, status", [
    ("", {}, 400), ("channel=a&channel=b", {}, 400), ("channel=*", {}, 400),
    ("channel=a&history=0", {}, 400), ("channel=a&history=many", {}, 400), ("channel=a&ttl=-5", {}, 400),
    ("channel=a&ttl=5&ttl=6", {}, 400), ("channel=a&keyttl=1e3", {}, 400), ("channel=a&live=maybe", {}, 400),
    ("channel=a&live=true&ttl=5", {}, 400), ("channel=a&live=true", {"Idempotency-Key": "k"}, 400),
    ("channel=a&histroy=5", {}, 400), ("channel=a", {"Idempotency-Key": "k" * 129}, 400),
    ("channel=a", {"Idempotency-Key": ""}, 400), ("channel=a&history=5", NDJSON, 400),
    ("", {**NDJSON, "Idempotency-Key": "k"}, 400), ("channel=a", {"Content-Encoding": "gzip"}, 415)])
def test_what_cannot_be_published_is_refused_clearly(coordinator, redis, query, headers, status):
    response = publish(coordinator, query, b'{"channel":"a","data":1}', **{k.replace("-", "_"): v for k, v in headers.items()})
    assert response.status == status and response.json()["error"], response
    assert redis("EXISTS", "halley/log/a") == 0


def test_a_batch_is_answered_line_by_line(coordinator, redis, channel):
    lines = [
        json.dumps({"channel": channel, "data": {"number": number}}) if number % 10 else "no JSON" for number in range(1_000)]
    response = publish(coordinator, "", "\n".join(lines).encode(), **{"Content_Type": NDJSON["Content-Type"]})
    assert response.status == 200 and response.headers["Content-Type"] == "application/x-ndjson"
    answers = [json.loads(line) for line in response.body.splitlines()]
    assert [set(answer) for answer in answers] == [{"id"} if number % 10 else {"error"} for number in range(1_000)]
    assert list(log(redis, channel)) == [answer["id"] for answer in answers if "id" in answer]


def test_a_batchs_lines_have_options_of_their_own(coordinator, redis, channel):
    lines = [
        {"channel": channel, "payload": "text", "key": "k"}, {"channel": channel, "payload": "again", "key": "k"},
        {"channel": channel, "base64": base64.b64encode(b"\xff\n").decode()}, {"channel": channel, "payload": "live", "live": True},
        {"channel": f"{channel}.b", "data": [1, None, "é"], "history": 1}, {"data": 1}]
    body = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()
    response = publish(coordinator, "", body, Content_Type="Application/X-NDJSON; charset=utf-8")
    answers = [json.loads(line) for line in response.body.splitlines()]
    assert answers[0] == answers[1] and answers[3] == {"receivers": 0} and "channel" in answers[5]["error"]
    assert log(redis, channel) == {answers[0]["id"]: b"text", answers[2]["id"]: b"\xff\n"}
    assert log(redis, f"{channel}.b") == {answers[4]["id"]: '[1,null,"é"]'.encode()}


def test_a_batch_has_bounds(coordinator):
    line = b'{"channel":"bounds","data":1}\n'
    assert publish(coordinator, "", line * 1_001, **{"Content_Type": NDJSON["Content-Type"]}).status == 413
    assert publish(coordinator, "", b" " * (1 << 20) + line, **{"Content_Type": NDJSON["Content-Type"]}).status == 413
    assert publish(coordinator, "", b"", **{"Content_Type": NDJSON["Content-Type"]}).status == 400


def test_halley_publish_loads_the_functions_and_prints_ids(own_redis, channel):
    redis = own_redis.client()

    def run(*arguments, stdin=None):
        code, output, error = halley("publish", "--redis", own_redis.url, *arguments, stdin=stdin)
        assert code == 0, error
        return output.strip() or error.strip()

    first = run("--key", "k", "--history", "2", channel, "one")
    assert run("--key", "k", channel, "one") == first
    second = run("--ttl-ms", "7200000", channel, "two")
    assert log(redis, channel) == {first: b"one", second: b"two"}
    assert 7_100_000 < redis("PTTL", f"halley/log/{channel}") <= 7_257_000
    assert run("--live", channel, "three") == "0"
    for _ in range(2):
        text = run("--key", "lines", channel, "-", stdin=b"a\nb\r\n\nlast")
        assert "4" in text
    assert list(log(redis, channel).values()) == [b"one", b"two", b"a", b"b", b"", b"last"]
    code, output, error = halley("publish", "--redis", own_redis.url, channel, "-", stdin=b"a\n" + b"x" * (1 << 20) + b"x\nb\n")
    assert (code != 0, output) == (True, "") and "line 2" in error and error.count("\n") == 1, error


def test_halley_publish_takes_all_of_its_input_as_one_event(own_redis, channel):
    redis = own_redis.client()
    payload = b'{\n  "a": 1\n}\r\n\xff'
    code, output, error = halley("publish", "--redis", own_redis.url, channel, "--whole", stdin=payload)
    assert (code, error) == (0, "") and log(redis, channel) == {output.strip(): payload}
    code, output, error = halley("publish", "--redis", own_redis.url, channel, "--whole", stdin=b"x" * ((1 << 20) + 1))
    assert code != 0 and output == "" and "1 MiB" in error and error.count("\n") == 1, error
    code, output, error = halley("publish", channel, "payload", "--whole")
    assert (code, output) == (64, "") and error.count("\n") == 1, error


def test_durable_and_live_arrive_in_the_order_of_publishing(coordinator, start_worker, redis_server, channel):
    worker = start_worker(redis_server.url)
    with LineStream(worker.address, channel) as lines:
        ids = [publish(coordinator, f"channel={channel}{suffix}", b"1").json() for suffix in ["", "&live=true", ""]]
        events = lines.take(3)
        assert [event.get("id") for event in events] == [ids[0]["id"], None, ids[2]["id"]]


def test_a_redis_that_is_gone_is_told(own_redis, directory):
    coordinator = Coordinator(directory, own_redis.url, is_open=False).start()
    try:
        own_redis.kill()
        response = publish(coordinator, "channel=a")
        assert response.status == 503 and response.json()["error"] and response.headers["Retry-After"]
        line = b'{"channel":"a","data":1}\n'
        batch = publish(coordinator, "", line * 3, **{"Content_Type": NDJSON["Content-Type"]})
        assert [set(json.loads(answer)) for answer in batch.body.splitlines()] == [{"error"}] * 3
    finally:
        coordinator.kill()
