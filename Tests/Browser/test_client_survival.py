"""halley.js comes back by itself, with all that was published meanwhile."""

import os
import signal
import threading
import time

import pytest

from client_page import ALL, FULL, Client
from cluster import Cluster
from resp import Redis
from waiting import eventually

OFFLINE = 10 if FULL else 3  # seconds
SLEEP = 60 if FULL else 12  # seconds: longer than the router waits for a reader


class Counting:
    """Publishes 0, 1, 2, … on a channel, durable, a hundred a second, until it is stopped."""

    def __init__(self, redis_port, channel):
        self.count = 0
        self._redis, self._channel = Redis(redis_port), channel
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _run(self):
        while not self._ends.wait(0.01):
            self._redis("FCALL", "halley_publish", 1, f"halley:{self._channel}", self.count, "history", 100_000)
            self.count += 1


def everything(clients, channel, published, within=20):
    """Until the last is here; then nothing was lost, nothing came twice, and no gap was told."""
    eventually(lambda: all(client.data(channel)[-1:] == [str(published - 1)] for client in clients), within,
               "the last event is here", every=0.2)
    for client in clients:
        data = [int(number) for number in client.data(channel)]
        assert data == list(range(data[0], published)), client.transport
        assert client.ask("seen.gaps") == [] and client.ask("seen.errors") == []


def go_on(clients, within=20):
    """Until each has received something more."""
    counts = {client: client.count for client in clients}
    stuck = set(clients)

    def all_have():
        stuck.difference_update([client for client in stuck if client.count > counts[client]])
        return not stuck

    try:
        eventually(all_have, within, every=0.1)
    except AssertionError as error:
        raise AssertionError([client.ask("[seen.states.slice(-9), seen.errors]") for client in stuck]) from error


# A frame whose connection broke is noticed by its silence alone: here soon.
BEATS = {"heartbeat_ms": 1_000, "poll_ms": 2_000}


@pytest.fixture(scope="module")
def cluster(module_directory):
    whole = Cluster(module_directory, worker_flags=BEATS).start()
    yield whole
    whole.stop()


def one_for_each(page, cluster, channel, **options):
    """A client for each transport, with a patience for tests."""
    options = {"backoff": {"least": 200, "most": 2_000}, "heartbeat": 1_000, "poll": 2_000, **options}
    clients = [Client(page, cluster.url, [channel], transports=[name], **options) for name in ALL]
    return [client.wait_open() for client in clients]


def test_offline(page, cluster, channel):
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    with Counting(cluster.redis.port, channel) as counting:
        eventually(lambda: all(client.count > 10 for client in clients))
        page.context.set_offline(True)
        time.sleep(OFFLINE)
        page.context.set_offline(False)
        go_on(clients, within=5)
    everything(clients, channel, counting.count)
    for client in clients:
        client.close()


@pytest.fixture
def mortal_cluster(directory):
    started = []

    def start(**options):
        started.append(Cluster(directory, **options))
        return started[-1].start()

    yield start
    for whole in started:
        whole.stop()


def test_every_worker_killed_one_after_the_other(page, mortal_cluster, channel):
    cluster = mortal_cluster(workers=2, worker_flags=BEATS)
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    with Counting(cluster.redis.port, channel) as counting:
        eventually(lambda: all(client.count > 10 for client in clients))
        for worker in cluster.workers.values():
            worker.kill()
            go_on(clients)
            worker.start()
            cluster.wait_settled()
    everything(clients, channel, counting.count)
    for client in clients:
        client.close()


def test_no_worker_for_a_while(page, mortal_cluster, channel):
    cluster = mortal_cluster(workers=1)
    page.goto(cluster.url + "/nothing-here")
    # The standard list: what has worked isn't given up because the server is away.
    client = Client(page, cluster.url, [channel], backoff={"least": 200, "most": 1_000}).wait_open("websocket")
    worker = cluster.workers["worker-1"]
    with Counting(cluster.redis.port, channel) as counting:
        client.wait_count(10)
        worker.kill()
        eventually(lambda: client.state != "open")
        count = counting.count
        eventually(lambda: counting.count > count + 100)
        worker.start()
        count = client.count
        eventually(lambda: client.count > count, 20)
    everything([client], channel, counting.count)
    client.close()


def test_the_ticket_expires(page, mortal_cluster, channel):
    """The shortest that there is, 10 s. With it gone, and its worker too, all come back: the client sees to a new one."""
    cluster = mortal_cluster(workers=2, worker_flags=BEATS, coordinator_flags={"ticket_seconds": 10})
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    born = time.monotonic()
    with Counting(cluster.redis.port, channel) as counting:
        eventually(lambda: all(client.count > 10 for client in clients))
        # The tickets' own time has to pass: 10 s, the shortest that there is.
        time.sleep(max(0, born + 11 - time.monotonic()))
        for worker in cluster.workers.values():
            worker.kill()
            worker.start()
        go_on(clients)
    everything(clients, channel, counting.count)
    for client in clients:
        client.close()


def test_a_token_that_is_fetched(page, cluster, channel):
    """Asked for each session, sent as a bearer's; one that fails is told and asked for again."""
    page.goto(cluster.url + "/nothing-here")
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("authorization"))
            if request.url.endswith("/session") else None)
    page.evaluate("""async ([url, channel]) => {
        const { Halley } = await import(url + '/halley.js');
        window.calls = 0;
        window.errors = [];
        window.halley = new Halley(url, {channels: [channel], backoff: {least: 50, most: 50}, token: async () => {
            if (++window.calls === 1) throw new Error('not yet');
            return 'grant ' + window.calls;
        }});
        halley.on('error', (error) => errors.push(error.message));
    }""", [cluster.url, channel])
    eventually(lambda: page.evaluate("() => halley.state === 'open'"))
    assert page.evaluate("() => errors") == ["no token: not yet"]
    assert sent == ["Bearer grant 2"]
    page.evaluate("() => halley.close()")


def test_a_link_that_carries_nothing_any_more(page, mortal_cluster, channel):
    """No end, no error: only the silence tells."""
    cluster = mortal_cluster(workers=2, worker_flags=BEATS)
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    with Counting(cluster.redis.port, channel) as counting:
        eventually(lambda: all(client.count > 10 for client in clients))
        frozen = cluster.workers["worker-1"]
        frozen.freeze()
        try:
            # The router cuts those it knows of, and new ones go to the other worker.
            go_on(clients)
        finally:
            frozen.thaw()
    everything(clients, channel, counting.count)
    for client in clients:
        client.close()


def test_a_silent_channel_stays_open(page, mortal_cluster, channel):
    """Heartbeats are heard on each transport: nobody takes a quiet connection for a dead one."""
    cluster = mortal_cluster(workers=1, worker_flags=BEATS)
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    eventually(lambda: all(client.ask("halley.position") for client in clients))
    positions = [client.ask("halley.position") for client in clients]
    # Longer than the silence after which a client with these heartbeats takes a connection for dead: 3.5 s, of polls 5 s.
    time.sleep(6)
    for client, position in zip(clients, positions):
        assert [state for state, *_ in client.ask("seen.states")] == ["connecting", "open"], client.transport
        assert client.ask("halley.position") != position, f"{client.transport} moves on"
        client.close()


def process_ids(browser):
    """Of every process of the browser."""
    session = browser.new_browser_cdp_session()
    found = [process["id"] for process in session.send("SystemInfo.getProcessInfo")["processInfo"]]
    session.detach()
    return found


def test_a_laptop_that_sleeps(own_browser, cluster, channel):
    """All of the browser is stopped: it reads nothing, its timers stand still, its connections die unheard."""
    page = own_browser.new_page()
    page.errors = []
    page.goto(cluster.url + "/nothing-here")
    clients = one_for_each(page, cluster, channel)
    processes = process_ids(own_browser)
    assert len(processes) >= 3
    with Counting(cluster.redis.port, channel) as counting:
        eventually(lambda: all(client.count > 10 for client in clients))
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(SLEEP)
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)
        go_on(clients)
    everything(clients, channel, counting.count)
