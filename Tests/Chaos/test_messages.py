"""What subscribers read: every transport's events, gaps and positions, in pieces of any size."""

import json
import random
import zlib

import pytest

from messages import Frames, Lines, Parts, Scripts, ServerSentEvents, Unreadable, answer, call
from publisher import payload_of
from record import FINAL, Publication

POSITION = "1795359771922-57.aB3xYz"


def payload(number, **details):
    return payload_of(Publication(number, "news", 0, **details), random.Random(number))


def sse(number, **details):
    return f"id: {POSITION}\nevent: news\ndata: {payload(number, **details)}\n\n"


def line(number, identity='"id":"1795359771922-57",', **details):
    return f'{{{identity}"channel":"news","position":"{POSITION}","data":{payload(number, **details)}}}\n'


def gap_line():
    return f'{{"gap":{{"channel":"news","from":"1-0","to":"2-0"}},"position":"{POSITION}"}}\n'


def fed(parser, text, size):
    data = text.encode()
    return [message for start in range(0, len(data), size) for message in parser.feed(data[start:start + size])]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_server_sent_events(size):
    parser = ServerSentEvents()
    text = (f"retry: 700\nid: {POSITION}\n\n" + sse(7) + sse(8, is_live=True) + sse(9, purpose=FINAL)
            + f'id: {POSITION}\nevent: ~gap\ndata: {{"channel":"news","from":"1-0","to":"2-0"}}\n\n')
    messages = fed(parser, text, size)
    assert [message.kind for message in messages] == ["event", "event", "event", "gap"]
    assert [message.number for message in messages[:3]] == [7, 8, 9]
    assert [message.id for message in messages[:3]] == ["1795359771922-57", None, "1795359771922-57"]
    assert [message.is_final for message in messages[:3]] == [False, False, True]
    assert messages[3][2:] == ("news", None, None, False, "1-0", "2-0")
    assert parser.retry == 700 and parser.last_event_id == POSITION


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_lines(size):
    messages = fed(Lines(), line(7) + line(8, "", is_live=True) + gap_line() + f'{{"position":"{POSITION}"}}\n', size)
    assert [message.kind for message in messages] == ["event", "event", "gap", "position"]
    assert [message.id for message in messages] == ["1795359771922-57", None, None, None]
    assert {message.position for message in messages} == {POSITION}


def scripts(*objects):
    return "".join(f"<script>m({text.strip()})</script>\n" for text in objects)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_scripts(size):
    prelude = "<!doctype html>\n   <script>\nfunction m(x){}\nd()</script>\n"
    messages = fed(Scripts(), prelude + scripts(f'{{"position":"{POSITION}"}}', line(7), gap_line(), "{}"), size)
    assert [message.kind for message in messages] == ["position", "event", "gap"]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_parts(size):
    text = "  \r\n--halley\r\n" + "".join(
        f"Content-Type: application/json\r\n\r\n{part.strip()}\r\n--halley\r\n"
        for part in (f'{{"position":"{POSITION}"}}', line(7), gap_line(), "{}"))
    messages = fed(Parts(), text + "\r\n--halley--\r\n", size)
    assert [message.kind for message in messages] == ["position", "event", "gap"]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_frames(size):
    def frame(text):
        data = text.strip().encode()
        length = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")
        return b"\x81" + length + data

    joined = '{"subscribed":{"channels":["news"],"resume":"complete"}}'
    data = b"".join(map(frame, (joined, line(7), line(60), gap_line(), "{}", f'{{"position":"{POSITION}"}}'))) + b"\x88\x02\x03\xe9"
    parser = Frames()
    messages = [message for start in range(0, len(data), size) for message in parser.feed(data[start:start + size])]
    assert [message.kind for message in messages] == ["event", "event", "gap", "position"]
    with pytest.raises(Unreadable):
        Frames().feed(b"\x82\x01x")


def test_a_call():
    inner = f'{{"position":"{POSITION}","events":[{line(7).strip()}]}}'
    messages, position = call(f"/**/halley._1({inner});\n".encode())
    assert [message.number for message in messages] == [7] and position == POSITION
    assert call(b'/**/halley._1({"error":"later","status":503});\n') == (None, 503)
    for text in (b"", b'other({});\n', b'/**/halley._1({"a":"</script>"});\n', b"/**/halley._1({});\nx"):
        with pytest.raises(Unreadable):
            call(text)


def test_an_answer():
    events = [line(7).strip(), gap_line().strip()]
    messages, position = answer(f'{{"position":"{POSITION}","events":[{",".join(events)}]}}'.encode())
    assert [message.kind for message in messages] == ["event", "gap"] and position == POSITION


def test_an_event_stream_of_objects():
    text = f"id: {POSITION}\nevent: news\ndata: {line(7)}\n"
    message, = ServerSentEvents().feed(text.encode())
    assert (message.channel, message.number, message.id) == ("news", 7, "1795359771922-57")


@pytest.mark.parametrize("text", [
    '{"channel":"news","data":{"u":1,"x":1,"pad":"other"}}',  # the payload was changed
    '{"channel":"news","data":"a text"}', '{"gap":{"channel":"news"}}', '{}', '{"chan',
])
def test_what_no_client_could_read(text):
    with pytest.raises(Unreadable):
        Lines().feed(text.encode() + b"\n")


def test_big_payloads_come_whole():
    big = json.loads(payload(60))
    assert len(big["pad"]) == 4_000 and zlib.crc32(big["pad"].encode()) == big["x"]
    message, = ServerSentEvents().feed(sse(60).encode())
    assert message.number == 60
