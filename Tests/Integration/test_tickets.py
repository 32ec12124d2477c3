"""A ticket is optional; one that is present must verify, and grants no more than it says."""

import pytest

import tickets
from clients import EventStream, LineStream, events_path, split_url
from cluster import Worker
from http_wire import request
from tickets import base64url, sign, ticket
from waiting import eventually


@pytest.fixture(scope="module")
def keyed_worker(module_directory, redis_server):
    older = "ff" * 32
    process = Worker(module_directory, redis_server.url, number=9, ticket_keys=f"{tickets.KEY},{older}").start()
    yield process
    process.kill()


def status(worker, *channels, **query):
    with LineStream(worker.address, *channels, **query) as held:
        return held.status


def test_a_ticket_admits_to_its_channels(keyed_worker, redis, channel):
    with EventStream(keyed_worker.address, channel, ticket=ticket(channel, "other")) as stream:
        assert stream.status == 200
        redis.publish(channel, "granted")
        assert stream.next().data == "granted"
    assert status(keyed_worker, channel, ticket=ticket()) == 200
    assert status(keyed_worker, channel, ticket=ticket("other")) == 403
    assert status(keyed_worker, channel, "other", ticket=ticket("other")) == 403


def test_a_ticket_without_channels_in_the_query_subscribes_to_its_own(keyed_worker, redis, channel):
    with EventStream(keyed_worker.address, ticket=ticket(channel, "other")) as stream:
        assert stream.status == 200
        redis.publish(channel, "its own")
        assert stream.next().data == "its own"


def test_a_ticket_may_come_in_a_header(keyed_worker, channel):
    def with_header(value):
        with LineStream(keyed_worker.address, channel, headers={"Authorization": value}) as held:
            return held.status

    assert with_header(f"Bearer {ticket(channel)}") == 200
    assert with_header(f"bearer {ticket(channel)}") == 200
    assert with_header(f"Bearer {ticket('other')}") == 403
    assert with_header("Bearer x") == 401
    assert with_header("Basic eDp5") == 401


def test_both_keys_verify(keyed_worker, channel):
    assert status(keyed_worker, channel, ticket=ticket(channel, key="ff" * 32)) == 200


def test_a_ticket_works_on_any_shards_hostname(keyed_worker, channel):
    with LineStream(keyed_worker.address, channel, host="s3-a.push.localhost", ticket=ticket(channel)) as held:
        assert held.status == 200


FORGERIES = {
    "another key": lambda name: ticket(name, key="00" * 32),
    "expired, long ago": lambda name: ticket(name, seconds=-100_000),
    "no signature": lambda name: ticket(name).split(".")[0] + ".",
    "short signature": lambda name: ticket(name)[:-10],
    "padding": lambda name: ticket(name) + "=",
    "white space": lambda name: ticket(name) + " ",
    "CR LF": lambda name: ticket(name) + "\r\n",
    "alg none": lambda name: base64url(b'{"alg":"none"}') + "." + base64url(b"{}") + ".",
    "garbage": lambda name: "x\r\nFLUSHALL\r\n",
    "path": lambda name: "../../dev/null",
    "format characters": lambda name: "%s.%b",
    "8 KiB": lambda name: "A" * 8_193,
    "signed with more channels": lambda name: f"{base64url(b'1 ' + b'0' * 32 + b' s1 9999999999 *')}.{ticket(name).split('.')[1]}",
    "expiry that overflows": lambda name: sign(f"1 {'0' * 32} s1 99999999999999999999 {name}"),
    "expiry that is no number": lambda name: sign(f"1 {'0' * 32} s1 1e309 {name}"),
    "no such shard": lambda name: sign(f"1 {'0' * 32} s64 9999999999 {name}"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_ticket_that_does_not_verify_is_401(keyed_worker, channel, forge):
    text = forge(channel)
    response = request(keyed_worker.address, "GET", events_path(channel, ticket=text))
    assert response.status == 401, response
    assert text.encode() not in response.body
    assert text.strip() not in keyed_worker.text()


def test_an_eventsource_with_an_expired_ticket_is_sent_to_the_apex(keyed_worker, channel):
    """A 401 would end it for good: the apex renews."""
    expired = ticket(channel, seconds=-10)
    with EventStream(keyed_worker.address, channel, ticket=expired, host="s17-c.push.localhost:8080", format="json") as stream:
        assert stream.status == 307
        hostname, port, target = split_url(stream.headers["Location"])
        assert (hostname, port) == ("push.localhost", 8080)
        assert target == events_path(channel, ticket=expired, format="json")
        assert stream.headers["Access-Control-Allow-Origin"] == "*"
        assert "no-store" in stream.headers["Cache-Control"]


def test_keys_in_redis_are_found_and_made_once(own_redis, start_worker, channel):
    """Without configured keys the cluster makes one set and every process takes it."""
    worker = start_worker(own_redis.url)
    response = request(worker.address, "GET", events_path(channel, ticket=ticket(channel)))
    assert response.status in (401, 503)
    redis = own_redis.client()
    redis("SET", "halley/ticket-keys", tickets.KEY)
    other = start_worker(own_redis.url, number=2)
    eventually(lambda: status(other, channel, ticket=ticket(channel)) == 200)
