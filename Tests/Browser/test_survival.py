"""Chromium's own EventSource, unmodified, on a cluster whose workers die and go: no durable event is missing, none comes
twice."""

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from clients import split_url
from http_wire import request
from processes import binary, clean_environment, free_port
from resp import Redis
from waiting import eventually

CLUSTER = Path(__file__).resolve().parents[2] / "cluster"
CHANNELS = ("survival.a", "survival.b")
SOURCES = 12  # four for each of three workers
PER_SECOND = 50  # events in all

OPEN = """([urls, channels]) => {
    window.sources = urls.map(url => {
        const source = new EventSource(url);
        const state = {opens: 0, received: [], gaps: 0, source};
        source.onopen = () => state.opens++;
        source.addEventListener('~gap', () => state.gaps++);
        for (const channel of channels) {
            source.addEventListener(channel, event => state.received.push([channel, Number(event.data)]));
        }
        return state;
    });
}"""

STATES = "() => window.sources.map(({source, ...state}) => ({...state, readyState: source.readyState}))"
OPENS = "() => window.sources.map(state => state.opens)"
COUNTS = "() => window.sources.map(state => state.received.length)"
CLOSE = "() => window.sources.forEach(state => state.source.close())"

SESSION = """async channels => (await (await fetch('/session', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({channels}),
})).json()).url"""


class ScriptedCluster:
    """What `cluster/up` starts."""

    def __init__(self, folder):
        self.state = Path(folder) / "state"
        self._environment = clean_environment({"HALLEY_BIN": binary(), "HALLEY_STATE": str(self.state)})

    def run(self, name, *arguments):
        done = subprocess.run(
            [CLUSTER / name, *map(str, arguments)], env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90)
        assert done.returncode == 0, f"cluster/{name}:\n{done.stdout}"

    def setting(self, name):
        return re.search(rf"^(?:export )?{name}=(.*)$", (self.state / "env").read_text(), re.MULTILINE)[1]

    def owners(self):
        """shard -> worker"""
        return request(("127.0.0.1", int(self.setting("HALLEY_ADMIN_PORT"))), "GET", "/shards").json()["shards"]


@pytest.fixture
def scripted(directory):
    whole = ScriptedCluster(directory)
    try:
        port = free_port()
        while port > 22_000:  # the inner ports lie 10,000 above, and must be below the ephemeral range as well
            port = free_port()
        whole.run("up", "--port", port, "--workers", 3)
        yield whole
    finally:
        if (whole.state / "env").exists():
            whole.run("down")


class DurablePublisher:
    """Publishes durable events, on each channel in turn a number that counts the channel's own, until it is stopped."""

    def __init__(self, redis_port):
        self.published = {channel: [] for channel in CHANNELS}
        self._port = redis_port
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._ends.set()
        self._thread.join()

    def _run(self):
        redis, due = Redis(self._port), time.monotonic()
        while not self._ends.is_set():
            for channel in CHANNELS:
                redis("FCALL", "halley_publish", 1, f"halley:{channel}", len(self.published[channel]))
                self.published[channel].append(len(self.published[channel]))
            due += len(CHANNELS) / PER_SECOND
            self._ends.wait(max(0.0, due - time.monotonic()))
        redis.close()


def go_on(page):
    """Until every EventSource has received something more."""
    counts = page.evaluate(COUNTS)
    eventually(lambda: all(now > before for now, before in zip(page.evaluate(COUNTS), counts)), 15, "all receive on")


def come_again(page, opens, concerned, what):
    """Until those concerned have opened once more."""
    eventually(lambda: all(page.evaluate(OPENS)[index] > opens[index] for index in concerned), 15, what)


def held_by(worker, urls, cluster):
    owners = cluster.owners()
    return [index for index, url in enumerate(urls) if owners[split_url(url)[0].split("-")[0]] == worker]


def test_eventsources_miss_nothing_when_their_worker_is_killed_and_when_another_is_scaled_away(page, scripted):
    page.goto(scripted.setting("HALLEY_URL") + "/nothing-here")
    urls = [page.evaluate(SESSION, CHANNELS) for _ in range(SOURCES)]
    publisher = DurablePublisher(int(scripted.setting("HALLEY_REDIS_PORT")))
    publisher.start()
    try:
        page.evaluate(OPEN, [urls, CHANNELS])
        eventually(lambda: all(page.evaluate(COUNTS)), what="all receive")
        of_first, of_last = (held_by(worker, urls, scripted) for worker in ("worker-1", "worker-3"))
        assert of_first and of_last

        opens = page.evaluate(OPENS)
        scripted.run("kill", "worker-1")
        come_again(page, opens, of_first, "the killed worker's clients are open again")
        go_on(page)

        scripted.run("restart", "worker-1")
        opens = page.evaluate(OPENS)
        scripted.run("scale", 2)
        come_again(page, opens, of_last, "the clients of the worker that went are open again")
        go_on(page)
    finally:
        publisher.stop()

    last = {channel: numbers[-1] for channel, numbers in publisher.published.items()}

    def have_all():
        return all([channel, number] in state["received"] for state in page.evaluate(STATES)
                   for channel, number in last.items())

    eventually(have_all, 15, "the last events are here")
    for state in page.evaluate(STATES):
        assert state["readyState"] == 1 and state["gaps"] == 0
        for channel in CHANNELS:
            received = [number for on, number in state["received"] if on == channel]
            assert received == list(range(received[0], last[channel] + 1))
    page.evaluate(CLOSE)
