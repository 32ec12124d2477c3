"""The router's promises, by a real HAProxy before stub workers: docker/haproxy/haproxy.cfg alone is under test."""

import base64
import re
import threading
import time

import pytest

from router import SSE, Connection, Router, eventually, head_of, read_response
from http_wire import Closed


@pytest.fixture(scope="module")
def router(module_directory):
    """Three workers, two of them in the map: tests must leave it as they found it."""
    router = Router(module_directory)
    try:
        router.start()
        router.map(generation="1-0", s1="w1", s2="w2", s3="w9")
        yield router
    finally:
        router.stop()


@pytest.fixture
def start_router(directory):
    """A router of the test's own, with settings and workers to kill."""
    routers = []

    def start(workers=3, **settings):
        routers.append(Router(directory, workers, **settings))
        return routers[-1].start()

    yield start
    for one in routers:
        one.stop()


def drain(connection, within):
    """Reads until the end of the stream and says how long that took, in seconds."""
    began = time.monotonic()
    try:
        while True:
            connection.fill(began + within)
    except Closed:
        return time.monotonic() - began


# Where requests go.

@pytest.mark.parametrize("host", ["s1", "s1-a", "s1-z", "S1-C"])
def test_the_map_names_the_worker_of_a_shard_for_every_lane(router, host):
    assert router.owner(host) == "w1"


@pytest.mark.parametrize("host", ["s2.push.localhost:8080", "S2-B.PUSH.LOCALHOST", "s2.push.localhost.", "s2.push.localhost.:80"])
def test_case_port_and_final_dot_of_the_host_say_nothing(router, host):
    assert router_get(router, host).headers["Halley-Worker"] == "w2"


def router_get(router, host, target="/events"):
    with Connection(router.address) as connection:
        connection.send(head_of("GET", target, host, {"Connection": "close"}))
        return read_response(connection)


def test_a_shard_without_entry_goes_by_the_hash_of_its_name_and_not_of_its_lane(router):
    owners = {shard: {router.owner(f"{shard}{lane}") for lane in ("", "-a", "-q")} for shard in map("s{}".format, range(4, 64))}
    assert all(len(of_one) == 1 for of_one in owners.values())
    assert {owner for of_one in owners.values() for owner in of_one} == {"w1", "w2", "w3"}


def test_an_entry_that_names_an_unknown_server_falls_through_to_the_hash(router):
    assert router.owner("s3") in ("w1", "w2", "w3")


def test_the_hash_is_consistent(start_router):
    router = start_router()
    before = {shard: router.owner(shard) for shard in map("s{}".format, range(64))}
    router.workers["w2"].kill()
    router.wait_down("w2")
    after = {shard: router.owner(shard) for shard in before}
    assert all(after[shard] == owner for shard, owner in before.items() if owner != "w2")


@pytest.mark.parametrize("host", [
    "s64", "s99999", "s18446744073709551617", "s-1", "s", "s01", "s+1", "s1-", "s1-ab", "s1-1", "s1--a", "x@s1", "s1 ", "s1-a.s2", "w1", "*"])
def test_an_unknown_label_is_404(router, host):
    statuses, answer = router.raw(f"GET /events HTTP/1.1\r\nHost: {host}.push.localhost\r\n\r\n".encode(), 1)
    assert statuses in ([404], [400]), answer


@pytest.mark.parametrize("host", [
    "push.localhost.evil.com", "s1.push.localhost.evil.com", "evilpush.localhost", "s1.evilpush.localhost", "s1.pushXlocalhost",
    "localhost", "127.0.0.1", "[::1]:80", "s1.push.localhost..", ".push.localhost", "evil.example", "s1.push.localhost:80:80", "a,b"])
def test_an_unknown_host_is_404(router, host):
    response = router_get(router, host)
    assert response.status in (404, 400)
    assert "error" in response.json()
    assert "evil" not in response.body.decode()


@pytest.mark.parametrize("hosts", [
    "", "Host:\r\n", "Host: s1.push.localhost\r\nHost: s2.push.localhost\r\n", "Host: push.localhost\r\nhost: s1.push.localhost\r\n"])
def test_no_host_or_two_is_refused(router, hosts):
    statuses, answer = router.raw(f"GET /events HTTP/1.1\r\n{hosts}\r\n".encode(), 1)
    assert statuses in ([400], [404]), answer


def test_of_two_equal_hosts_only_one_is_passed_on(router):
    """HAProxy's parser drops the repetition before any rule sees it."""
    host = "Host: s1.push.localhost\r\n"
    statuses, answer = router.raw(f"GET /events HTTP/1.1\r\n{host}{host}\r\n".encode(), 1)
    assert statuses == [400] or answer.lower().count(host.lower().encode()) == 1


def test_http_1_0_without_host_is_refused(router):
    assert router.raw(b"GET /events HTTP/1.0\r\n\r\n", 1)[0] == [400]


@pytest.mark.parametrize("target", [
    "/", "/health/live", "/health/ready", "/health/../health/live", "/events/../health/live", "//health/live", "/%68ealth/live",
    "/events/", "/events/x", "/EVENTS", "/metrics", "/publish", "/shards", "*"])
def test_of_a_worker_only_events_is_public(router, target):
    assert router.get("s1", target, method="OPTIONS" if target == "*" else "GET").status in (404, 400)


def test_the_apex_goes_to_a_coordinator(router):
    for method, target in [("GET", "/"), ("GET", "/events?channel=news"), ("POST", "/session"), ("GET", "/health/live")]:
        assert router.at_apex(target, method, body=b"{}" if method == "POST" else None).headers["Halley-Worker"] == "coordinator"


UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode()}


@pytest.mark.parametrize("host", ["push.localhost", "s1.push.localhost"])
def test_a_websocket_goes_straight_to_a_worker_and_its_bytes_pass_both_ways(router, host):
    with Connection(router.address) as connection:
        connection.send(head_of("GET", "/events", host, UPGRADE))
        head = connection.read_head()
        assert head.status == 101
        assert head.headers["Halley-Worker"].startswith("w")
        connection.send(b"\x00\x01hello")
        eventually(lambda: connection.fill(time.monotonic() + 1) or b"\x00\x01hello" in connection.buffer)


def test_a_failed_upgrade_leaves_no_tunnel(router):
    with Connection(router.address) as connection:
        connection.send(head_of("GET", "/events?do=refuse", "s1.push.localhost", UPGRADE))
        assert read_response(connection).status == 400
        connection.send(head_of("GET", "/health/live", "s1.push.localhost", {"Connection": "close"}))
        assert read_response(connection).status == 404


# Failures, and what clients are told.

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
    assert not router.is_up("w1")
    bystander.fill(time.monotonic() + 1)


def test_a_frozen_worker_is_found_by_its_health_check(start_router):
    """It accepts connections and says nothing. Held and waiting clients are let go; EventSources without an error."""
    router = start_router()
    router.map(s5="w1")
    held, _ = router.open("s5", headers=SSE)
    router.workers["w1"].freeze()
    began = time.monotonic()
    with Connection(router.address) as waiting:
        waiting.send(head_of("GET", "/events", "s5.push.localhost", SSE))
        assert_told_to_return(read_response(waiting))
    drain(held, 5)
    assert time.monotonic() - began < 4
    assert router.owner("s5") in ("w2", "w3")
    router.workers["w1"].thaw()
    router.wait_up("w1")
    assert router.owner("s5") == "w1"


def test_a_worker_is_told_at_once_that_a_client_left(start_router):
    router = start_router(workers=1)
    stream, _ = router.open("s1", "/events?do=hold")
    poll = Connection(router.address)
    poll.send(head_of("GET", "/events?do=wait", "s1.push.localhost"))
    eventually(lambda: re.search(r" [2-9]\d* 2\d* ", router.command("show servers conn workers")) or True)
    stream.close()
    poll.close()
    eventually(lambda: len(router.workers["w1"].departures()) == 2, within=2)


# Bounds.

def test_a_head_of_nearly_16_kib_passes(router):
    assert router.get("s1", headers={"X-Filler": "x" * 16_000}).status == 200


@pytest.mark.parametrize("size", [17_000, 30_000])
def test_a_head_over_16_kib_is_431(router, size):
    assert router.get("s1", headers={"X-Filler": "x" * size}).status == 431
    assert router.get("s1", "/events?channel=" + "x" * size).status == 431


def test_a_query_of_a_mebibyte_is_refused(router):
    statuses, _ = router.raw(b"GET /events?channel=" + b"x" * (1 << 20) + b" HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n")
    assert statuses in ([400], [414], [431], [])


@pytest.mark.parametrize("count, status", [(98, 200), (101, 431), (200, 431), (2_000, 400)])
def test_a_hundred_header_fields_are_enough(router, count, status):
    fields = "".join(f"X-{number}: 1\r\n" for number in range(count - 1))
    assert router.raw(f"GET /events HTTP/1.1\r\nHost: s1.push.localhost\r\n{fields}\r\n".encode(), 1)[0] == [status]


@pytest.mark.parametrize("length, status", [
    ("9223372036854775808", 400), ("18446744073709551616", 400), ("18446744073709551617", 400), ("36893488147419103233", 400), ("-1", 400), ("+5", 400), ("", 400), ("5 5", 400), ("0x5", 400),
    ("9223372036854775807", 400), ("1048577", 413)])
def test_a_bad_length_is_refused_at_once(router, length, status):
    began = time.monotonic()
    statuses, answer = router.raw(f"POST /session HTTP/1.1\r\nHost: push.localhost\r\nContent-Length: {length}\r\n\r\n".encode(), 2)
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
    statuses, answer = router.raw(head_of("GET", "/events", "s1.push.localhost"), 1)
    assert (statuses, answer) == ([], b"")
    for connection in held:
        connection.close()
    eventually(lambda: router.owner("s1") == "w1")


# What is refused, what is stripped, what is kept silent.

@pytest.mark.parametrize("line", ["TRACE /events", "CONNECT evil.example:80", "CONNECT s1.push.localhost:80", "TRACE /", "PRI *"])
def test_methods_of_proxies_are_refused(router, line):
    statuses, answer = router.raw(f"{line} HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n".encode(), 1)
    assert len(statuses) == 1 and 400 <= statuses[0] < 500, answer


@pytest.mark.parametrize("target", ["http://evil.example/events", "http://evil.example:80/", "https://push.localhost.evil.com/events", "http://s1.push.localhost@evil.example/events"])
def test_a_foreign_absolute_target_is_refused(router, target):
    for host in ("s1.push.localhost", "evil.example"):
        statuses, answer = router.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), 1)
        assert len(statuses) == 1 and 400 <= statuses[0] < 500, answer


def test_an_absolute_target_of_our_own_is_passed_on_as_a_path(router):
    statuses, answer = router.raw(b"GET http://s1.push.localhost/events?channel=a HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n", 1)
    assert statuses == [200]
    assert b"\r\n\r\nGET /events?channel=a HTTP/1.1\r\n" in answer


def test_headers_that_only_the_inside_may_set_are_stripped(router):
    forged = {
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "forged", "X-Forwarded-Proto": "forged", "x-forwarded-anything": "forged",
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
        b"POST /session HTTP/1.0\r\nHost: push.localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, 1)
    assert len(statuses) <= 1, answer


def test_bare_line_feeds_hide_nothing(router):
    statuses, answer = router.raw(b"GET /events HTTP/1.1\nHost: s1.push.localhost\nConnection: close\n\n", 1)
    assert statuses in ([200], [400]), answer


@pytest.mark.parametrize("first", [b"10;" + b"x" * (1 << 20), b"0" * (1 << 20) + b"5"], ids=["extension", "zeros"])
def test_a_mebibyte_of_chunk_framing_is_refused(router, first):
    statuses, _ = router.raw(b"POST /session HTTP/1.1\r\nHost: push.localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + first + b"\r\n", 3)
    assert statuses in ([400], [413], [502], [503], [])


def test_no_query_and_no_line_break_reaches_the_log(start_router):
    router = start_router(workers=0)
    router.get("s1", "/events?channel=news&ticket=SECRET", headers=SSE)
    router.raw(b"GET /events?ticket=SECRET HTTP/1.1\r\nHost: s1.push.localhost\x1b[31m\r\nUser-Agent: SECRET\r\n\r\n", 1)
    router.raw(b"GET /events?ticket=SECRET\x01 HTTP/1.1\r\nHost: s1.push.localhost\r\n\r\n", 1)
    eventually(lambda: "/events" in router.haproxy.text())
    assert "SECRET" not in router.haproxy.text()
    assert "\x1b" not in router.haproxy.text()
