"""The router by TLS: HTTP/1.1 and HTTP/2 on one port, under a wildcard certificate of an authority of our own."""

import json
import socket
import ssl
import subprocess

import pytest

from certificates import Authority
from cluster import DOMAIN, Cluster, executable
from http2 import HTTP2


@pytest.fixture(scope="module")
def authority(module_directory):
    return Authority(module_directory)


@pytest.fixture(scope="module")
def secure(module_directory, authority):
    whole = Cluster(module_directory, certificate=authority.site).start()
    yield whole
    whole.stop()


def two_shards(cluster):
    """Two shards, each of another worker, and who they are."""
    shards = cluster.shards()["shards"]
    first = "s0"
    second = next(shard for shard, owner in shards.items() if owner != shards[first])
    return (first, shards[first]), (second, shards[second])


def connect(secure, authority, *protocols):
    context = ssl.create_default_context(cafile=str(authority.trusted))
    if protocols:
        context.set_alpn_protocols(protocols)
    return context.wrap_socket(socket.create_connection(secure.router.tls_address, 5), server_hostname=DOMAIN)


def test_the_client_chooses_the_protocol(secure, authority):
    with connect(secure, authority, "h2", "http/1.1") as both, connect(secure, authority, "http/1.1") as old:
        assert both.selected_alpn_protocol() == "h2"
        assert old.selected_alpn_protocol() == "http/1.1"


def test_a_session_names_a_url_by_https_that_works_as_it_is(secure, authority, channel):
    secure_host = f"{DOMAIN}:{secure.router.tls_address[1]}"
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        redirect = http2.get(secure_host, f"/events?channel={channel}")
        assert redirect.status == 307
        target = redirect.headers["location"]
        assert target.startswith("https://s") and f".{secure_host}/events?" in target
    with subprocess.Popen(
            [executable("curl"), "--silent", "--no-buffer", "--http2", "--cacert", authority.trusted, target],
            stdout=subprocess.PIPE) as curl:
        try:
            assert "position" in json.loads(curl.stdout.readline())
            secure.publish(channel, '"by curl"')
            assert json.loads(curl.stdout.readline())["data"] == "by curl"
        finally:
            curl.kill()


def test_two_shards_on_one_connection_each_reach_their_own_worker(secure, authority, channel):
    shards = two_shards(secure)
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        streams = [
            http2.get(f"{shard}-b.{DOMAIN}", f"/events?channel={channel}", accept="text/event-stream")
            for shard, _ in shards]
        assert [stream.status for stream in streams] == [200, 200]
        assert [stream.headers["halley-worker"] for stream in streams] == [owner for _, owner in shards]
        secure.wait_subscribed(channel, 2)
        secure.publish(channel, "for both")
        for stream in streams:
            stream.until(b"data: for both\n")


def test_many_streams_of_all_shards_are_held_on_one_connection(secure, authority, channel):
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        streams = [http2.get(f"s{number % 64}.{DOMAIN}", f"/events?channel={channel}") for number in range(200)]
        assert {stream.status for stream in streams} == {200}
        secure.wait_subscribed(channel, 3)
        secure.publish(channel, '"for all"')
        for stream in streams:
            stream.until(b'"data":"for all"')


def test_a_stream_that_is_not_read_holds_up_no_other_on_its_connection(secure, authority, channel):
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        # Its window, 64 KiB, isn't opened again: nobody acknowledges what came.
        unread = http2.get(f"s0.{DOMAIN}", f"/events?channel={channel}.large")
        assert unread.status == 200
        http2.leave_unread(unread)
        other = http2.get(f"s1.{DOMAIN}", f"/events?channel={channel}")
        assert other.status == 200
        secure.wait_subscribed(f"{channel}.large", 1)
        for _ in range(10):
            secure.publish(f"{channel}.large", "x" * 30_000)
        for number in range(5):
            secure.publish(channel, str(number))
            other.until(f'"data":{number}'.encode())


def test_a_websocket_opens_within_http_2(secure, authority, channel):
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        assert http2.offers_extended_connect
        shards = two_shards(secure)
        sockets = [http2.websocket(f"{shard}.{DOMAIN}", f"/events?channel={channel}") for shard, _ in shards]
        assert [socket.status for socket in sockets] == [200, 200]
        for websocket in sockets:
            websocket.until(b'"subscribed"')
        secure.wait_subscribed(channel, 2)
        secure.publish(channel, '"framed"')
        for websocket in sockets:
            websocket.until(b'"data":"framed"')
            # A ping (RFC 6455, section 5.5.2), masked with zeros, and its pong.
            websocket.send(bytes([0x89, 0x82, 0, 0, 0, 0]) + b"hi")
            websocket.until(bytes([0x8A, 0x02]) + b"hi")


def test_a_websocket_opens_at_the_apex_within_http_2(secure, authority, channel):
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        websocket = http2.websocket(DOMAIN, f"/events?channel={channel}")
        assert websocket.status == 200
        websocket.until(b'"subscribed"')


def test_a_plain_connect_is_refused(secure, authority):
    with HTTP2(secure.router.tls_address, authority, DOMAIN) as http2:
        assert http2.tunnel(f"s0.{DOMAIN}:443").status == 405


def test_a_websocket_by_tls_and_http_1_1(secure, authority, channel):
    with connect(secure, authority) as connection:
        connection.sendall(
            f"GET /events?channel={channel} HTTP/1.1\r\nHost: s5.{DOMAIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        data = b""
        while b'"subscribed"' not in data:
            received = connection.recv(4_096)
            assert received, data
            data += received
        assert data.startswith(b"HTTP/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in data
