"""Every other process dies once: held connections and publishing go on, and everything finds itself again."""

import time

from clients import EventStream, LineStream, split_url
from http_wire import request
from waiting import eventually


def hold(cluster, *channels):
    """A session's stream, through the router."""
    host, port, target = split_url(cluster.session(*channels)["url"])
    return EventStream(cluster.address, host=f"{host}:{port}", path=target)


def test_the_coordinator_dies(own_cluster, channel):
    cluster = own_cluster
    streams = [hold(cluster, channel) for _ in range(12)]
    generation = cluster.shards()["generation"]
    redis = cluster.redis.client()
    cluster.coordinators[0].kill()

    # Held connections and publishing go on; so do new ones to any shard's hostname.
    assert redis.publish(channel, "without it") >= 1
    assert [stream.next().data for stream in streams] == ["without it"] * 12
    with LineStream(cluster.address, channel, host="s5-x.push.localhost") as lines:
        redis.publish(channel, '"a new one"')
        assert lines.next()["data"] == "a new one"
    eventually(lambda: request(cluster.address, "POST", "/session", "push.localhost").status == 503,
               what="no coordinator: 503 and Retry-After for a session")

    cluster.coordinators[0].start()
    cluster.wait_settled()
    redis.publish(channel, "with it again")
    for stream in streams:
        assert [event.data for event in stream.take(2)] == ['"a new one"', "with it again"]
        stream.close()
    assert cluster.shards()["generation"] >= generation
    with hold(cluster, channel) as stream:
        redis.publish(channel, "to a new session")
        assert stream.next().data == "to a new session"


def test_redis_dies_and_comes_back_empty(own_cluster, channel):
    cluster = own_cluster
    streams = [hold(cluster, channel) for _ in range(12)]
    workers = {stream.headers["Halley-Worker"] for stream in streams}
    before = cluster.shards()["shards"]
    cluster.redis.kill()
    for process in [*cluster.workers.values(), *cluster.coordinators]:
        address = getattr(process, "admin", process.address)
        eventually(lambda: request(address, "GET", "/health/ready").status == 503, what=f"{process.name} is red")
        assert request(process.address, "GET", "/health/live").status == 200

    cluster.redis.start()
    back = time.monotonic()
    cluster.wait_subscribed(channel, len(workers))
    assert time.monotonic() - back < 2, "every worker is subscribed again within 2 s of its return"
    # It came back with nothing: that is said, and then goes on.
    assert [stream.next().type for stream in streams] == ["~gap"] * len(streams)
    cluster.publish(channel, "after")
    for stream in streams:
        assert stream.next().data == "after"
        stream.close()
    for process in [*cluster.workers.values(), *cluster.coordinators]:
        process.wait_ready()
    cluster.wait_settled()
    # Whoever registers first must not get everything: the leader keeps its map until all had time to come back.
    after = cluster.shards()["shards"]
    assert after == before, "the map lived through it"
    with hold(cluster, channel) as stream:
        cluster.publish(channel, "to a new session")
        assert stream.next().data == "to a new session"


def test_haproxy_is_restarted(own_cluster, channel):
    cluster = own_cluster
    shards = cluster.shards()["shards"]
    cluster.router.kill()
    cluster.router.start()
    back = time.monotonic()
    eventually(lambda: all(cluster.owner(shard) == owner for shard, owner in shards.items()), 10, "the map is back")
    assert time.monotonic() - back < 2, "within 2 s"
    with hold(cluster, channel) as stream:
        cluster.publish(channel, "through the new one")
        assert stream.next().data == "through the new one"


def test_everything_but_workers_and_router_is_gone_for_a_while(own_cluster, channel):
    """All of the control plane can be absent, and no held connection notices."""
    cluster = own_cluster
    streams = [hold(cluster, channel) for _ in range(6)]
    cluster.coordinators[0].kill()
    cluster.redis.kill()
    eventually(lambda: all(worker.health().status == 503 for worker in cluster.workers.values()), 15)
    assert all(not stream.is_closed and not stream.drain(0.05) for stream in streams)
    assert all(not stream.is_closed for stream in streams)
    cluster.redis.start()
    cluster.wait_subscribed(channel, len({stream.headers["Halley-Worker"] for stream in streams}))
    assert [stream.next().type for stream in streams] == ["~gap"] * len(streams), "Redis came back with nothing"
    cluster.publish(channel, "still here")
    for stream in streams:
        assert stream.next().data == "still here"
        stream.close()
