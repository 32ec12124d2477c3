"""Where the router sends requests: a real HAProxy before stub workers, docker/haproxy/haproxy.cfg alone under test."""

import base64
import time

import pytest

from http_wire import Connection, head_of, read_response
from router import router, start_router  # noqa: F401
from waiting import eventually


@pytest.mark.parametrize("host", ["s1", "s1-a", "s1-z", "S1-C"])
def test_the_map_names_the_worker_of_a_shard_for_every_lane(router, host):
    assert router.owner(host) == "w1"


@pytest.mark.parametrize("host", [
    "s2.push.localhost:8080", "S2-B.PUSH.LOCALHOST", "s2.push.localhost.", "s2.push.localhost.:80"])
def test_case_port_and_final_dot_of_the_host_say_nothing(router, host):
    assert router_get(router, host).headers["Halley-Worker"] == "w2"


def router_get(router, host, target="/events"):
    with Connection(router.address) as connection:
        connection.send(head_of("GET", target, host, {"Connection": "close"}))
        return read_response(connection)


def test_a_shard_without_entry_goes_by_the_hash_of_its_name_and_not_of_its_lane(router):
    shards = [f"s{index}" for index in range(4, 64)]
    owners = {shard: {router.owner(shard + lane) for lane in ("", "-a", "-q")} for shard in shards}
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
    "s64", "s99999", "s18446744073709551617", "s-1", "s", "s01", "s+1", "s1-", "s1-ab", "s1-1", "s1--a", "x@s1",
    "s1 ", "s1-a.s2", "w1", "*"])
def test_an_unknown_label_is_404(router, host):
    statuses, answer = router.raw(head_of("GET", "/events", f"{host}.push.localhost", {"Connection": "close"}))
    assert statuses in ([404], [400]), answer


@pytest.mark.parametrize("host", [
    "push.localhost.evil.com", "s1.push.localhost.evil.com", "evilpush.localhost", "s1.evilpush.localhost",
    "s1.pushXlocalhost", "localhost", "127.0.0.1", "[::1]:80", "s1.push.localhost..", ".push.localhost", "evil.example",
    "s1.push.localhost:80:80", "a,b"])
def test_an_unknown_host_is_404(router, host):
    response = router_get(router, host)
    assert response.status in (404, 400)
    assert "error" in response.json()
    assert "evil" not in response.body.decode()


@pytest.mark.parametrize("hosts", [
    "", "Host:\r\n", "Host: s1.push.localhost\r\nHost: s2.push.localhost\r\n",
    "Host: push.localhost\r\nhost: s1.push.localhost\r\n"])
def test_no_host_or_two_is_refused(router, hosts):
    statuses, answer = router.raw(f"GET /events HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
    assert statuses in ([400], [404]), answer


def test_of_two_equal_hosts_only_one_is_passed_on(router):
    """HAProxy's parser drops the repetition before any rule sees it."""
    host = "Host: s1.push.localhost\r\n"
    statuses, answer = router.raw(f"GET /events HTTP/1.1\r\n{host}{host}Connection: close\r\n\r\n".encode())
    assert statuses == [400] or answer.lower().count(host.lower().encode()) == 1


def test_http_1_0_without_host_is_refused(router):
    assert router.raw(b"GET /events HTTP/1.0\r\n\r\n", 1)[0] == [400]


@pytest.mark.parametrize("target", [
    "/", "/health/live", "/health/ready", "/health/../health/live", "/events/../health/live", "//health/live",
    "/%68ealth/live",
    "/events/", "/events/x", "/EVENTS", "/metrics", "/publish", "/shards", "*"])
def test_of_a_worker_only_events_is_public(router, target):
    assert router.get("s1", target, method="OPTIONS" if target == "*" else "GET").status in (404, 400)


def test_the_apex_goes_to_a_coordinator(router):
    for target in ("/", "/events?channel=news", "/health/live"):
        assert router.at_apex(target).headers["Halley-Worker"] == "coordinator"
    assert router.at_apex("/session", "POST", body=b"{}").headers["Halley-Worker"] == "coordinator"


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
