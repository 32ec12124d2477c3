"""A worker is killed under load, and the cluster is scaled: what 300 EventSources see of it."""

import statistics
import time

from cluster import Cluster
from crowd import Crowd, Publisher
from waiting import eventually

CHANNELS = [f"load.{number}" for number in range(5)]


def urls_of(cluster, count):
    """Sessions as the coordinator gives them: spread over the shards."""
    return [cluster.session(CHANNELS[number % len(CHANNELS)])["url"] for number in range(count)]


def holes_in(member):
    numbers = [int(data) for _, data in member.events]
    return [(before, after) for before, after in zip(numbers, numbers[1:]) if after != before + 1]


def test_a_worker_is_killed_under_load_then_the_cluster_grows(own_cluster):
    cluster = own_cluster
    with Crowd(urls_of(cluster, 300), cluster.address) as crowd, Publisher(cluster.redis.port, CHANNELS, 100):
        eventually(lambda: crowd.is_open and all(member.events for member in crowd.members), 20, "all 300 receive")
        per_worker = {worker: sum(member.worker == worker for member in crowd.members) for worker in cluster.workers}
        assert max(per_worker.values()) - min(per_worker.values()) <= 60, f"sessions are spread: {per_worker}"
        assert len({member.host for member in crowd.members}) > 100, "hostnames are spread over shards and lanes"

        # kill -9
        victims = [member for member in crowd.members if member.worker == "worker-1"]
        others = [member for member in crowd.members if member.worker != "worker-1"]
        assert victims
        killed = time.monotonic()
        cluster.workers["worker-1"].kill()

        def all_are_back():
            return all(member.ended and any(at > member.ended[-1] for at, _ in member.events[-1:]) for member in victims)

        eventually(all_are_back, 10, "every client of the dead worker receives again")
        waits = [member.first_after(member.ended[0]) - killed for member in victims]
        print(f"{len(waits)} clients back after {statistics.median(waits):.2f} s (median), {max(waits):.2f} s (slowest)")
        assert max(waits) <= 5, f"slowest {max(waits):.2f} s"
        assert statistics.median(waits) < 2, f"median {statistics.median(waits):.2f} s"
        assert not any(member.refusals for member in crowd.members), "nobody was answered with an error status"
        assert all(not member.ended and not holes_in(member) for member in others), "the other workers' clients saw nothing"

        # The map follows, and then the cluster grows.
        cluster.wait_settled()
        before = cluster.shards()["shards"]
        drops = sum(len(member.ended) for member in crowd.members)
        for _ in range(3):
            cluster.add_worker()
        cluster.wait_settled()
        shards = cluster.shards()["shards"]
        counts = [list(shards.values()).count(worker) for worker in cluster.live_workers()]
        assert sorted(set(counts)) == [12, 13], counts
        moved = sum(before[shard] != shards[shard] for shard in before)
        assert moved in (38, 39), f"three new workers of five take their share and no more: {moved}"
        marks = {id(member): len(member.events) for member in crowd.members}
        eventually(lambda: all(len(member.events) > marks[id(member)] for member in crowd.members), what="all still receive")
        assert sum(len(member.ended) for member in crowd.members) == drops, "standing connections stay where they are"
        assert not any(member.refusals for member in crowd.members)


def test_from_three_workers_to_five_two_fifths_of_the_shards_move(own_cluster):
    cluster = own_cluster
    before = cluster.shards()["shards"]
    generation = cluster.shards()["generation"]
    cluster.add_worker()
    cluster.add_worker()
    cluster.wait_settled()
    after = cluster.shards()
    counts = [list(after["shards"].values()).count(worker) for worker in cluster.workers]
    assert sorted(set(counts)) == [12, 13], counts
    moved = sum(before[shard] != after["shards"][shard] for shard in before)
    assert 24 <= moved <= 27, f"about 2/5 of 64 move: {moved}"
    assert tuple(map(int, after["generation"].split("-"))) > tuple(map(int, generation.split("-")))


def test_a_frozen_worker_is_left(own_cluster):
    """A stopped process still accepts connections; its clients hear nothing until the router takes it out."""
    cluster = own_cluster
    with Crowd(urls_of(cluster, 30), cluster.address) as crowd, Publisher(cluster.redis.port, CHANNELS, 50):
        eventually(lambda: crowd.is_open and all(member.events for member in crowd.members), 20)
        victims = [member for member in crowd.members if member.worker == "worker-2"]
        cluster.workers["worker-2"].freeze()
        frozen = time.monotonic()
        try:
            eventually(lambda: all(member.worker != "worker-2" and (member.first_after(frozen + 1) or 0) > member.opened[-1][0]
                                   for member in victims), 10, "its clients receive from another")
            print(f"{len(victims)} clients of a frozen worker back after {time.monotonic() - frozen:.2f} s")
            assert not any(member.refusals for member in crowd.members)
            eventually(lambda: "worker-2" not in cluster.shards()["shards"].values(), 15, "its shards have moved")
        finally:
            cluster.workers["worker-2"].thaw()
        cluster.wait_settled()
        assert not any(member.refusals for member in crowd.members)


def test_a_worker_that_leaves_by_sigterm_is_missed_by_nobody(own_cluster):
    cluster = own_cluster
    with Crowd(urls_of(cluster, 60), cluster.address) as crowd, Publisher(cluster.redis.port, CHANNELS, 50):
        eventually(lambda: crowd.is_open and all(member.events for member in crowd.members), 20)
        victims = [member for member in crowd.members if member.worker == "worker-3"]
        cluster.workers["worker-3"].terminate()
        left = time.monotonic()
        assert cluster.workers["worker-3"].wait(10) == 0
        eventually(lambda: all(member.worker != "worker-3" and member.first_after(member.opened[-1][0]) for member in victims),
                   10, "its clients receive from another")
        assert time.monotonic() - left < 10
        assert not any(member.refusals for member in crowd.members)
        cluster.wait_settled()


def test_the_last_worker_dies_and_comes_back(directory):
    """With no worker at all an EventSource is told to come back, and does."""
    cluster = Cluster(directory, workers=1).start()
    try:
        with Crowd(urls_of(cluster, 10), cluster.address) as crowd, Publisher(cluster.redis.port, CHANNELS, 50):
            eventually(lambda: crowd.is_open and all(member.events for member in crowd.members), 20)
            cluster.workers["worker-1"].kill()
            eventually(lambda: all(member.ended for member in crowd.members))
            # Each has asked at least twice meanwhile, and was told to come back.
            eventually(lambda: all(len(member.ended) >= 3 for member in crowd.members), 15)
            assert not any(member.refusals for member in crowd.members)
            back = time.monotonic()
            cluster.workers["worker-1"].start()
            eventually(lambda: all(member.first_after(back) for member in crowd.members), 15, "all receive again")
            assert not any(member.refusals for member in crowd.members)
    finally:
        cluster.stop()
