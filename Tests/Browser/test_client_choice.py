"""Which transport halley.js settles on by itself, behind proxies of all kinds."""

import pytest

from client_page import Client, publish_durable
from cluster import Cluster
from proxies import BufferingProxy, UpgradeKiller
from waiting import eventually


class ProxiedCluster(Cluster):
    """A cluster that browsers know by a proxy's address."""

    def __init__(self, directory, proxy, **options):
        self.proxy = None
        super().__init__(directory, workers=1)
        self.proxy = proxy(self.router.port, **options)

    @property
    def url(self):
        return f"http://push.localhost:{self.proxy.port}"

    def stop(self):
        self.proxy.close()
        super().stop()


@pytest.fixture
def behind(directory):
    """Starts a cluster behind a proxy."""
    started = []

    def start(proxy, **options):
        started.append(ProxiedCluster(directory, proxy, **options))
        return started[-1].start()

    yield start
    for one in started:
        one.stop()


def deliver(cluster, channel, client, transport):
    redis = cluster.redis.client()
    publish_durable(redis, channel, [str(number) for number in range(10)])
    redis.close()
    client.wait_count(10)
    assert client.data(channel) == [str(number) for number in range(10)]
    assert client.transport == transport


def opened(client):
    """(transport, ms after the start) of each opening."""
    return [(transport, at) for state, transport, at in client.ask("seen.states") if state == "open"]


def test_a_websocket_where_nothing_is_in_the_way(blank, cluster, channel):
    client = Client(blank, cluster.url, [channel]).wait_open("websocket", 2)
    deliver(cluster, channel, client, "websocket")
    client.close()


@pytest.mark.parametrize("hangs", [False, True], ids=["knows no upgrade", "hangs on an upgrade"])
def test_behind_a_proxy_that_holds_answers_back_it_polls(page, behind, channel, hangs):
    cluster = behind(BufferingProxy, hangs=hangs)
    page.goto(cluster.url + "/nothing-here")
    client = Client(page, cluster.url, [channel]).wait_open("long-poll")
    assert [transport for transport, _ in opened(client)] == ["long-poll"], "nothing else seemed to work"
    print(f"by long-poll after {opened(client)[0][1]:.0f} ms")
    assert opened(client)[0][1] < 5_000, "within five seconds"
    deliver(cluster, channel, client, "long-poll")
    client.close()
    # The next page knows it at once.
    page.reload()
    before = len(cluster.proxy.requests)
    client = Client(page, cluster.url, [channel]).wait_open("long-poll", 4)
    asked = cluster.proxy.requests[before:]
    assert not [line for line in asked if "transport=websocket" in line or "transport=sse" in line], asked
    client.close()


def test_where_upgrades_are_killed_it_takes_server_sent_events(page, behind, channel):
    cluster = behind(UpgradeKiller)
    page.goto(cluster.url + "/nothing-here")
    client = Client(page, cluster.url, [channel]).wait_open("sse", 5)
    deliver(cluster, channel, client, "sse")
    client.close()


def test_where_websockets_open_and_die_young_it_takes_server_sent_events(page, behind, channel):
    cluster = behind(UpgradeKiller, after=0.3)
    page.goto(cluster.url + "/nothing-here")
    client = Client(page, cluster.url, [channel], backoff={"least": 200, "most": 500}).wait_open("sse", 10)
    assert [transport for transport, _ in opened(client)] == ["websocket"] * 3 + ["sse"]
    deliver(cluster, channel, client, "sse")
    client.close()


def test_without_event_source_and_fetch_streams_it_goes_on_down_the_list(page, behind, channel):
    cluster = behind(UpgradeKiller)
    page.goto(cluster.url + "/nothing-here")
    page.evaluate("() => { delete window.EventSource; delete window.ReadableStream; }")
    client = Client(page, cluster.url, [channel]).wait_open("stream", 5)  # by XMLHttpRequest
    deliver(cluster, channel, client, "stream")
    # More than one answer holds: it goes on in the next, and for the page it never ended.
    redis = cluster.redis.client()
    publish_durable(redis, channel, [f"{number} {'x' * 8_000}" for number in range(100)])
    redis.close()
    client.wait_count(110)
    assert [data.split()[0].strip('"') for data in client.data(channel)[10:]] == [str(n) for n in range(100)]
    assert len([line for line in cluster.proxy.requests if "bytes=" in line]) >= 3
    assert [state for state, *_ in client.ask("seen.states")] == ["connecting", "open"]
    client.close()


def test_with_a_policy_that_allows_scripts_alone_it_is_jsonp(page, site, cluster, channel, worker, redis):
    """A page that may connect nowhere, frame nothing, and load scripts."""
    site.fields["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'unsafe-inline' http://127.0.0.1:* http://push.localhost:*")
    page.goto(f"http://127.0.0.1:{site.server_port}/")
    url = f"http://127.0.0.1:{worker.port}"
    client = Client(page, url, [channel], module=cluster.url, session=False).wait_open("jsonp", 8)
    publish_durable(redis, channel, ["1", "2"])
    client.wait_count(2)
    assert client.data(channel) == ["1", "2"]
    client.close()


def test_from_a_page_that_isnt_listed(page, site, cluster, channel, worker, redis):
    """What a ticket or an open worker admits comes everywhere; frames and WebSockets are for pages that are listed."""
    page.goto(f"http://app.example.test:{site.server_port}/")
    url = f"http://127.0.0.1:{worker.port}"
    refused = Client(page, url, [channel], module=cluster.url, session=False, transports=["iframe", "websocket"])
    eventually(lambda: refused.state == "waiting")
    client = Client(page, url, [channel], module=cluster.url, session=False)
    client.wait_open("sse")
    publish_durable(redis, channel, ["1", "2"])
    client.wait_count(2)
    assert client.data(channel) == ["1", "2"]
    assert "open" not in [state for state, *_ in refused.ask("seen.states")]
    refused.close()
    client.close()


def test_what_failed_is_tried_again_after_a_while(page, behind, channel):
    cluster = behind(UpgradeKiller)
    page.goto(cluster.url + "/nothing-here")
    client = Client(page, cluster.url, [channel]).wait_open("sse", 5)
    client.close()
    # Two hours later.
    page.evaluate("""() => {
        const key = Object.keys(localStorage).find((key) => key.startsWith('halley '));
        const memory = JSON.parse(localStorage[key]);
        localStorage[key] = JSON.stringify({...memory, until: memory.until - 7200e3});
    }""")
    asked = len(cluster.proxy.requests)
    client = Client(page, cluster.url, [channel]).wait_open("sse", 5)
    assert any("transport=websocket" in line for line in cluster.proxy.requests[asked:])
    client.close()


def test_the_page_is_done_loading_all_the_same(page, site, directory, channel):
    """By frames and scripts as well, which keep a page loading if they are put in too soon."""
    origin = f"http://app.localhost:{site.server_port}"
    cluster = Cluster(directory, workers=1, worker_flags={"allow_origin": origin}).start()
    try:
        for transport in ["iframe", "jsonp"]:
            site.page = f"""<!doctype html><script type="module">
                import {{ Halley }} from '{cluster.url}/halley.js';
                addEventListener('load', () => window.isLoaded = true);
                window.halley = new Halley('{cluster.url}', {{channels: ['{channel}'], transports: ['{transport}']}});
            </script><img src="/slow">"""
            page.goto(origin, wait_until="commit")
            eventually(lambda: page.evaluate("() => window.isLoaded"), 5)
            eventually(lambda: page.evaluate("() => halley.state === 'open'"), 5)
            page.evaluate("() => halley.close()")
    finally:
        cluster.stop()


def test_nothing_is_remembered_where_storage_is_denied(page, cluster, channel):
    page.goto(cluster.url + "/nothing-here")
    page.evaluate("() => Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }})")
    client = Client(page, cluster.url, [channel]).wait_open("websocket")
    client.close()


def test_a_page_of_another_site_needs_its_origin_listed(page, site, cluster, channel):
    page.goto(f"http://app.example.test:{site.server_port}/")
    client = Client(page, cluster.url, [channel])
    eventually(lambda: client.state == "waiting", what="it isn't given a session, and goes on asking")
    assert client.transport is None
    client.close()


def test_a_page_where_events_were_asked_for_is_no_stream(page, site, cluster, channel):
    """A hotel's network answers everything with its own page."""
    page.goto(f"http://127.0.0.1:{site.server_port}/")
    client = Client(page, f"http://127.0.0.1:{site.server_port}", [channel], module=cluster.url, session=False,
                    transports=["stream", "multipart", "sse", "long-poll", "jsonp", "iframe"])
    eventually(lambda: client.state == "waiting", what="none of them works")
    assert "open" not in [state for state, *_ in client.ask("seen.states")]
    page.errors.clear()  # the page isn't a script
    client.close()
