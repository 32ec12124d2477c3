"""`halley bench` against a cluster of real processes: what it counts, what it says, and how it ends."""

import json
import re
import resource
import signal
import subprocess
import time

import pytest

from cluster import Cluster, halley
from processes import binary, clean_environment, free_port
from waiting import eventually

CONNECTIONS = 50
TRANSPORTS = ["sse", "stream", "long-poll", "jsonp", "iframe", "multipart", "websocket"]


def arguments(cluster, **options):
    options = {"url": cluster.url, "redis": cluster.redis.url, "connections": CONNECTIONS, "rate": 50, "seconds": 2,
               "warmup": 0.5, "json": "-", **options}
    return [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]


def bench(cluster, *flags, **options):
    """Runs it to its end; returns its exit code, the JSON and the text."""
    code, output, error = halley("bench", *arguments(cluster, **options), *flags, within=60)
    assert output, error
    return code, json.loads(output), error


def start_bench(cluster, *flags, **options):
    return subprocess.Popen(
        [binary(), "bench", *arguments(cluster, **options), *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=clean_environment(), text=True)


@pytest.mark.parametrize("verb", ["live", "durable"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_connection_gets_every_event(cluster, redis_of, transport, verb):
    code, report, text = bench(cluster, transport=transport, publish=verb, channels=3)
    assert code == 0, text
    assert report["passed"] is True
    assert report["connections"]["opened"] == CONNECTIONS and not report["connections"]["refusals"]
    # 2.5 s at 50 a second, in turns over three channels with 17, 17 and 16 connections.
    assert report["published"]["events"] == report["published"]["acknowledged"] == 125
    per_channel = [42, 42, 41]
    assert report["deliveries"]["expected"] == sum(
        events * members for events, members in zip(per_channel, [17, 17, 16]))
    assert report["deliveries"]["received"] == report["deliveries"]["expected"]
    assert [report["deliveries"][key] for key in ("lost", "doubled", "reordered", "gaps", "foreign")] == [0] * 5
    latency = report["latency"]
    assert latency["from"] == "when the event was due"
    assert 1_600 <= latency["count"] <= 1_735, "those that were due in the two seconds after the warm-up"
    assert 0 < latency["min"] <= latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p999"] <= latency["max"]
    assert "Nothing lost, doubled or reordered." in text
    assert not redis_of(cluster)("KEYS", "halley/log/bench.*"), "it leaves no log behind"


@pytest.fixture
def redis_of():
    clients = []

    def client(cluster):
        clients.append(cluster.redis.client())
        return clients[-1]

    yield client
    for each in clients:
        each.close()


def test_the_report_has_a_settled_shape(cluster):
    _, report, _ = bench(cluster, connections=2, seconds=0.5, warmup=0)
    assert set(report) == {
        "version", "run", "settings", "connections", "published", "deliveries", "latency", "load", "limits", "trouble",
        "interrupted", "measured", "passed"}
    assert set(report["settings"]) == {
        "url", "transport", "connections", "channels", "publish", "rate", "payload", "seconds", "warmup", "threads",
        "sources", "openFiles"}
    assert set(report["load"]) == {
        "processCores", "busiestLoop", "publisherLoop", "loopLagP99", "publisherLateP99", "machineBusy", "machineCores"}
    assert isinstance(report["limits"], list) and isinstance(report["trouble"], list)


def test_saturation_publishes_as_fast_as_events_arrive(cluster):
    code, report, text = bench(cluster, "--saturate", rate=None, seconds=1)
    assert code == 0, text
    assert report["settings"]["window"] == 16 and "rate" not in report["settings"]
    assert report["published"]["events"] > 200 and report["published"]["stalls"] == 0
    assert report["latency"]["from"] == "when the event was sent"


def test_json_goes_to_a_file_and_the_text_to_standard_output(cluster, tmp_path):
    path = tmp_path / "report.json"
    code, output, error = halley(
        "bench", *arguments(cluster, connections=5, seconds=0.5, warmup=0, json=path), "--progress", within=60)
    assert code == 0 and json.loads(path.read_text())["passed"]
    assert "latency     p50" in output
    assert "open" in error, "progress goes to standard error"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_worker_is_killed_and_durable_events_lose_nothing(directory, transport):
    cluster = Cluster(directory).start()
    try:
        run = start_bench(cluster, transport=transport, publish="durable", seconds=6)
        eventually(lambda: cluster.redis.client()("PUBSUB", "NUMSUB", *channels_of(cluster))[1:], 20)
        # In the middle of the measured time, which begins when all are open.
        eventually(lambda: published(cluster) >= 100, 20, "events are published")
        cluster.workers["worker-1"].kill()
        output, error = run.communicate(timeout=60)
        report = json.loads(output)
        assert run.returncode == 0, error
        assert report["deliveries"]["lost"] == report["deliveries"]["doubled"] == report["deliveries"]["reordered"] == 0
        assert report["deliveries"]["received"] == CONNECTIONS * report["published"]["events"]
        # A poll that has no answer yet the router asks again elsewhere, at once and unnoticed.
        if transport not in ("long-poll", "jsonp"):
            assert report["connections"]["reconnects"] > 0, "a third of the connections moved"
            assert report["latency"]["max"] > 100, "who was away waited, and that counts"
    finally:
        cluster.stop()


def test_a_frame_is_asked_for_again_at_each_end(cluster):
    """A frame ends after a megabyte; the next goes on from there."""
    code, report, text = bench(
        cluster, transport="iframe", publish="durable", connections=5, payload=100_000, rate=20, seconds=3, warmup=0)
    assert code == 0, text
    assert report["deliveries"]["received"] == 5 * 60 and report["connections"]["reconnects"] == 0


def interrupt(run):
    run.send_signal(signal.SIGINT)


def read_until(run, pattern):
    for line in run.stderr:
        if re.search(pattern, line):
            return
    raise AssertionError(f"it ended without saying '{pattern}'")


def test_an_interrupt_ends_the_measuring_and_reports_it(cluster):
    run = start_bench(cluster, "--progress", seconds=60, rate=100)
    read_until(run, " published")
    eventually(lambda: " published" in run.stderr.readline(), 5)
    eventually(lambda: " published" in run.stderr.readline(), 5)
    began = time.monotonic()
    interrupt(run)
    output, error = run.communicate(timeout=30)
    assert time.monotonic() - began < 10
    report = json.loads(output)
    assert run.returncode == 0 and report["passed"] and report["interrupted"], error
    assert 0 < report["measured"] < 30 and "interrupted after" in error and "latency     p50" in error
    assert report["deliveries"]["received"] == CONNECTIONS * report["published"]["events"] > 0
    assert 90 < report["published"]["perSecond"] < 110
    assert report["deliveries"]["perSecond"] == pytest.approx(CONNECTIONS * 100, rel=0.2)


def test_an_interrupt_before_anything_is_published_ends_it_too(cluster):
    run = start_bench(cluster, "--progress", connections=500, ramp=10)
    read_until(run, " open")
    interrupt(run)
    output, error = run.communicate(timeout=20)
    report = json.loads(output)
    assert run.returncode == 1 and report["interrupted"] and not report["passed"], error
    assert 0 < report["connections"]["opened"] < 500 and report["published"]["events"] == 0 == report["measured"]


def test_a_second_interrupt_ends_it_at_once(own_cluster):
    """Nobody answers any more, so that the first has something to wait for."""
    run = start_bench(own_cluster, "--progress", publish="durable", seconds=60)
    read_until(run, " published")
    for worker in own_cluster.workers.values():
        worker.kill()
    read_until(run, "^0 open")
    interrupt(run)
    read_until(run, "Ctrl-C again")
    interrupt(run)
    output, _ = run.communicate(timeout=3)
    assert run.returncode == 128 + signal.SIGINT and not output


def channels_of(cluster):
    client = cluster.redis.client()
    try:
        return client("PUBSUB", "CHANNELS", "halley/out/bench.*")
    finally:
        client.close()


def published(cluster):
    client = cluster.redis.client()
    try:
        return sum(client("XLEN", key) for key in client("KEYS", "halley/log/bench.*"))
    finally:
        client.close()


def test_what_is_lost_ends_it_with_1(own_cluster):
    """Live events aren't kept for who has lost his worker; the bench says how many that were."""
    cluster = own_cluster
    run = start_bench(cluster, "--progress", publish="live", seconds=4)
    eventually(lambda: cluster.redis.client()("PUBSUB", "CHANNELS", "halley:bench.*"), 20)
    for line in run.stderr:
        if " published" in line:
            break
    cluster.workers["worker-2"].kill()
    output, error = run.communicate(timeout=60)
    report = json.loads(output)
    assert run.returncode == 1 and report["passed"] is False
    assert report["deliveries"]["lost"] > 0 and "lost" in error
    assert report["deliveries"]["expected"] == report["deliveries"]["received"] + report["deliveries"]["lost"]


def test_more_connections_than_files_are_refused(cluster):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 300))

    done = subprocess.run(
        [binary(), "bench", *arguments(cluster, connections=250)], capture_output=True, text=True, timeout=30,
        preexec_fn=lower, env=clean_environment())
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "several processes of at most 200 connections" in done.stderr
    done = subprocess.run(
        [binary(), "bench", *arguments(cluster, connections=20, seconds=0.3, warmup=0), "--progress"],
        capture_output=True, text=True, timeout=30, preexec_fn=lower, env=clean_environment())
    assert done.returncode == 0 and "from 256 to 300" in done.stderr, done.stderr


def test_connections_come_from_several_addresses(cluster):
    code, report, text = bench(cluster, connections=20, seconds=0.5, warmup=0, sources="127.0.0.2,127.0.0.3")
    assert code == 0 and report["settings"]["sources"] == ["127.0.0.2", "127.0.0.3"], text


@pytest.mark.parametrize("flags", [
    ["--transport", "carrier-pigeon"], ["--connections", "0"], ["--rate", "5", "--saturate"], ["--payload", "5"],
    ["--url", "https://push.localhost"], ["--sources", "here"], ["--connections", "2", "--channels", "3"],
    ["--publish", "loudly"], ["--seconds", "0"]])
def test_a_bad_value_is_one_line_and_64(flags):
    code, output, error = halley("bench", *flags)
    assert (code, output) == (64, "") and error.count("\n") == 1, error


def test_nobody_there_is_told(own_redis):
    began = time.monotonic()
    code, output, error = halley("bench", f"--url=http://push.localhost:{free_port()}", f"--redis={own_redis.url}",
                                 "--connections=5", within=60)
    assert (code, output) == (1, "") and "/session" in error and error.count("\n") == 1, error
    code, _, error = halley("bench", f"--redis=redis://127.0.0.1:{free_port()}", within=60)
    assert code == 1 and "Redis" in error, error
    assert time.monotonic() - began < 30
