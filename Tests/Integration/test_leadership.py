"""Two coordinators: one leads, and when it is gone the other does."""

import pytest

from cluster import Cluster
from waiting import eventually


@pytest.fixture
def own_cluster(directory):
    """With leases of 1.5 s instead of 5, so that nobody waits long for a death to be noticed."""
    leases = {"lease_ms": 1_500, "beat_ms": 500}
    cluster = Cluster(directory, worker_flags=leases, coordinator_flags=leases)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


def generation(cluster):
    return tuple(map(int, cluster.shards()["generation"].split("-")))


def leader(cluster):
    return cluster.shards()["leader"]


def test_exactly_one_leads(own_cluster):
    cluster = own_cluster
    cluster.add_coordinator()
    assert leader(cluster) == "coordinator-1"
    assert cluster.coordinators[0].shards()["shards"] == cluster.coordinators[1].shards()["shards"]


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_the_other_takes_over_when_the_leader_dies(own_cluster, end):
    cluster = own_cluster
    cluster.add_coordinator()
    before, shards = generation(cluster), cluster.shards()["shards"]
    getattr(cluster.coordinators[0], end)()
    eventually(lambda: leader(cluster) == "coordinator-2", 15)
    assert cluster.shards()["shards"] == shards, "nothing moves for that"
    assert generation(cluster) >= before

    # It really leads: a worker dies, and its shards move.
    cluster.workers["worker-2"].kill()
    cluster.wait_settled()
    assert generation(cluster) > before

    # And the first one, come back, follows.
    cluster.coordinators[0].kill()
    cluster.coordinators[0].start()
    assert leader(cluster) == "coordinator-2"


def test_a_frozen_leader_writes_nothing_when_it_thaws(own_cluster):
    """A lease is only good if whoever lost it knows: fencing by generation."""
    cluster = own_cluster
    cluster.add_coordinator()
    first, second = cluster.coordinators
    first.freeze()
    try:
        eventually(lambda: second.shards()["leader"] == "coordinator-2", 15)
        cluster.workers["worker-3"].kill()
        eventually(lambda: set(second.shards()["shards"].values()) == {"worker-1", "worker-2"}, 15)
        settled = second.shards()
    finally:
        first.thaw()
    first.wait_ready()
    eventually(lambda: first.shards()["leader"] == "coordinator-2", 10)
    assert second.shards()["shards"] == settled["shards"]
    eventually(cluster.router_agrees)
    redis = cluster.redis.client()
    assert redis("HGET", "halley/shards", "generation").decode() == second.shards()["generation"]


def test_a_coordinator_alone_leads_a_cluster_without_workers(directory):
    cluster = Cluster(directory, workers=0)
    try:
        cluster.redis.start()
        cluster.router.start()
        cluster.add_coordinator(ready=False)
        eventually(lambda: cluster.shards()["leader"] == "coordinator-1")
        assert cluster.shards()["workers"] == []
        cluster.add_worker()
        cluster.wait_settled()
        assert set(cluster.shards()["shards"].values()) == {"worker-1"}
    finally:
        cluster.stop()
