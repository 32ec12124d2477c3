"""What was published is what arrives, whatever its bytes."""

import base64
import json
import random

import pytest

from clients import EventStream, LineStream, LongPoller

PAYLOADS = {
    "json": b'{"a":[1,2.5e3,null,true],"b":"\\u00fc"}',
    "json string": b'"text"',
    "json number": b"17",
    "json with line ends": b'{\r\n  "a":\n 1\r}',
    "json with duplicate keys": b'{"a":1,"a":2}',
    "huge number": b"1e999999999",
    "text with quotes": b'she said "hi" \\ and left',
    "almost json": b'{"a":1',
    "LF": b"one\ntwo\n\nthree",
    "CR": b"one\rtwo",
    "CRLF": b"one\r\ntwo\r\n",
    "line ends alone": b"\r\n\r\r\n\n",
    "forged fields": b"x\rdata: y\nid: 0\r\nevent: open\n\nretry: 1\n",
    "empty": b"",
    "space": b" ",
    "leading space": b" x",
    "leading colon": b": no comment",
    "BOM": b"\xef\xbb\xbfx",
    "NUL and controls": b"a\x00b\x1b[31m\x7f",
    "line separators": "a\u2028b\u2029c\u0085d".encode(),
    "emoji": "grüße 🍪".encode(),
    "html": b"<script>alert(1)</script><!--",
    "deep json": b"[" * 1_000 + b"]" * 1_000,
    "format characters": b"%s %b %n {0} $1",
    "redis command": b"x\r\nFLUSHALL\r\n",
    "not utf-8": b"\xff\xfe\x00\x80abc",
    "utf-8 cut short": "🍪".encode()[:3],
    "surrogates": b"\xed\xa0\x80",
    "200 KiB of text": b"0123456789abcdef" * 12_800,
    "200 KiB of bytes": bytes(range(128, 256)) * 1_600,
}


def text_of(payload):
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return None


def expected_data(payload):
    """What the JSON transports carry: (data, encoding)."""
    text = text_of(payload)
    if text is None:
        return base64.b64encode(payload).decode(), "base64"
    depth = len(payload) - len(payload.lstrip(b"["))
    try:
        return (text if depth > 128 else json.loads(text, parse_constant=refuse)), None
    except ValueError:
        return text, None


def refuse(constant):
    raise ValueError(constant)


def expected_sse(payload):
    """What an EventSource dispatches: CR and CRLF are LF, and a payload that is no text comes as the JSON object."""
    text = text_of(payload)
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture(params=PAYLOADS.values(), ids=PAYLOADS.keys())
def payload(request):
    return request.param


def test_every_transport_carries_it(worker, redis, channel, payload):
    data, encoding = expected_data(payload)
    poller = LongPoller(worker.address, channel)
    with (
        EventStream(worker.address, channel) as plain,
        EventStream(worker.address, channel, format="json") as as_json,
        EventStream(worker.address, channel, event="message") as as_message,
        LineStream(worker.address, channel) as lines,
    ):
        plain.until(lambda parser: parser.last_event_id)
        poller.position = plain.last_event_id
        redis.publish(channel, payload)

        event = plain.next()
        assert event.type == channel
        if expected_sse(payload) is None:
            message = json.loads(event.data)
            assert (message["data"], message["encoding"]) == (data, "base64")
        else:
            assert event.data == expected_sse(payload)

        event = as_json.next()
        assert event.type == channel
        for message in [json.loads(event.data), lines.next(), poller.poll()[0]]:
            assert message["channel"] == channel
            assert message["position"]
            assert (message["data"], message.get("encoding")) == (data, encoding)

        assert as_message.next().type == "message"

        # And nothing of it runs over into the next event.
        redis.publish(channel, "end")
        assert (plain.next().data, lines.next()["data"], as_message.next().data) == ("end", "end", "end")
        assert json.loads(as_json.next().data)["data"] == "end"
        assert [message["data"] for message in poller.poll()] == ["end"]


def test_a_thousand_damaged_json_texts(worker, redis, channel):
    """Whatever was published, each line is JSON, and JSON is embedded exactly when Python takes it too."""
    draw = random.Random(7)
    seeds = [b'{"a":[1,-2.5e+3,"x\\n\\u00e9"],"b":{"c":null}}', b'[true,false,"\\\\",{}]', b"-0.5E-7", b'"\xc3\xa9"']
    payloads = []
    for _ in range(1_000):
        text = bytearray(draw.choice(seeds))
        for _ in range(draw.randrange(3)):
            index = draw.randrange(len(text))
            text[index:index + draw.randrange(2)] = draw.choices(b'{}[]",:0123e.-+\\ \n\rtnu\x00\xff', k=draw.randrange(2))
        payloads.append(bytes(text))
    with LineStream(worker.address, channel) as lines:
        for start in range(0, 1_000, 100):
            chunk = payloads[start:start + 100]
            redis.pipeline([("PUBLISH", f"halley:{channel}", payload) for payload in chunk])
            for payload in chunk:
                message = lines.next()
                assert (message["data"], message.get("encoding")) == expected_data(payload), payload


def test_an_event_over_the_outbound_bound_reaches_those_who_read(own_redis, start_worker, channel):
    """The bound is for what a client leaves unread; one large event closes nobody, and stands in no one's way back."""
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536)
    redis = own_redis.client()
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
        redis.publish(channel, "x" * 300_000)
        assert len(stream.next().data) == 300_000
        redis.publish(channel, "end")
        assert stream.next().data == "end"
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        assert [len(event.data) for event in stream.take(2)] == [300_000, 3]
