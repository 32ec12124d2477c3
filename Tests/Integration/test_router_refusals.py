"""What the router refuses, what it strips, and what it keeps out of its log."""

import time

import pytest

from http_wire import head_of
from router import SSE, router, start_router  # noqa: F401
from waiting import eventually

CLOSE = {"Connection": "close"}


@pytest.mark.parametrize("line", [
    "TRACE /events", "CONNECT evil.example:80", "CONNECT s1.push.localhost:80", "TRACE /", "PRI *"])
def test_methods_of_proxies_are_refused(router, line):
    statuses, answer = router.raw(head_of(*line.split(" "), "s1.push.localhost", CLOSE))
    assert len(statuses) == 1 and 400 <= statuses[0] < 500, answer


@pytest.mark.parametrize("target", [
    "http://evil.example/events", "http://evil.example:80/", "https://push.localhost.evil.com/events",
    "http://s1.push.localhost@evil.example/events"])
def test_a_foreign_absolute_target_is_refused(router, target):
    for host in ("s1.push.localhost", "evil.example"):
        statuses, answer = router.raw(head_of("GET", target, host, CLOSE))
        assert len(statuses) == 1 and 400 <= statuses[0] < 500, answer


def test_an_absolute_target_of_our_own_is_passed_on_as_a_path(router):
    target = "http://s1.push.localhost/events?channel=a"
    statuses, answer = router.raw(head_of("GET", target, "s1.push.localhost", CLOSE))
    assert statuses == [200]
    assert b"\r\n\r\nGET /events?channel=a HTTP/1.1\r\n" in answer


def test_headers_that_only_the_inside_may_set_are_stripped(router):
    forged = {
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "forged", "X-Forwarded-Proto": "forged",
        "x-forwarded-anything": "forged",
        "Forwarded": "for=6.6.6.6", "X-Original-URL": "/forged", "X-Rewrite-URL": "/forged", "X-Real-IP": "6.6.6.6",
        "Halley-Worker": "forged", "Halley-Anything": "forged", "X_Forwarded_For": "6.6.6.6", "Upgrade": "h2c",
        "HTTP2-Settings": "forged", "Last-Event-ID": "kept"}
    seen = router.get("s1", headers=forged).body.lower()
    assert b"forged" not in seen and b"6.6.6.6" not in seen and b"h2c" not in seen
    assert b"\r\nx-forwarded-for: 127.0.0.1\r\n" in seen
    assert b"\r\nlast-event-id: kept\r\n" in seen


HIDDEN = b"GET /events?hidden HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n"


@pytest.mark.parametrize("fields, body", [
    (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN),
    (b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % (5 + len(HIDDEN)), b"0\r\n\r\n" + HIDDEN),
    (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    (b"Content-Length: 0, %d\r\n" % len(HIDDEN), HIDDEN),
    (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + HIDDEN),
    (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + HIDDEN),
    (b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + HIDDEN),
    (b"Transfer-Encoding:\x0bchunked\r\n", b"0\r\n\r\n" + HIDDEN),
    (b"Transfer-Encoding: chunked\r\n", b"10000000000000000\r\n" + HIDDEN),
    (b"Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + HIDDEN),
    (b"X: y\r\n Transfer-Encoding: chunked\r\n", b""),
    (b": empty\r\n", b""),
    (b"Content-Length:\r\n", HIDDEN),
    (b"Content-Length: 0\rX: y\r\n", b""),
    (b"X: a\x00b\r\n", b""),
], ids=lambda value: value[:48].decode("latin-1").encode("unicode_escape").decode())
def test_a_smuggled_request_gets_one_answer_or_a_refusal(router, fields, body):
    began = time.monotonic()
    statuses, answer = router.raw(b"POST /session HTTP/1.1\r\nHost: push.localhost\r\n" + fields + b"\r\n" + body, 1)
    assert len(statuses) <= 1, answer
    assert b"GET /events?hidden" not in answer
    assert time.monotonic() - began < 3


def test_transfer_encoding_on_http_1_0_is_refused_or_ends_the_connection(router):
    statuses, answer = router.raw(
        b"POST /session HTTP/1.0\r\nHost: push.localhost\r\nConnection: keep-alive\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, 1)
    assert len(statuses) <= 1, answer


def test_bare_line_feeds_hide_nothing(router):
    statuses, answer = router.raw(b"GET /events HTTP/1.1\nHost: s1.push.localhost\nConnection: close\n\n", 1)
    assert statuses in ([200], [400]), answer


@pytest.mark.parametrize("first", [b"10;" + b"x" * (1 << 20), b"0" * (1 << 20) + b"5"], ids=["extension", "zeros"])
def test_a_mebibyte_of_chunk_framing_is_refused(router, first):
    head = head_of("POST", "/session", "push.localhost", {"Transfer-Encoding": "chunked"})
    statuses, _ = router.raw(head + first + b"\r\n", 3)
    assert statuses in ([400], [413], [502], [503], [])


def test_no_query_and_no_line_break_reaches_the_log(start_router):
    router = start_router(workers=0)
    router.get("s1", "/events?channel=news&ticket=SECRET", headers=SSE)
    router.raw(head_of("GET", "/events?ticket=SECRET", "s1.push.localhost\x1b[31m", {"User-Agent": "SECRET"}), 1)
    router.raw(b"GET /events?ticket=SECRET\x01 HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n", 1)
    eventually(lambda: "/events" in router.haproxy.text())
    assert "SECRET" not in router.haproxy.text()
    assert "\x1b" not in router.haproxy.text()
